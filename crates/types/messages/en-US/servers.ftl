# Other MCP servers: the files that name them, and the commands that use them.

servers-unreadable = The MCP servers in it cannot be read: { $reason }
    .help = Correct the file at line { $line }. It is never written to.
servers-not-object = MCP servers are one object: {"{"} "mcpServers": {"{"} "NAME": {"{"} "command": … {"}"} {"}"} {"}"}.
    .help = Write the file in that form.
servers-too-many = The MCP server `{ $server }` is left out: only { $most } are looked at.
server-hidden = The MCP server `{ $server }` of this file is hidden by that of { $first }.
    .help = Give it another name. What you have yourself goes before what a project or a plugin brings.
server-name = The name of the MCP server `{ $server }` cannot be used.
    .help = A name has at most { $most } printable ASCII characters and no spaces or quotes.
server-not-object = The entry of the MCP server `{ $server }` is not an object.
    .help = Write {"{"} "command": "PROGRAM", "args": [] {"}"}.
server-kind = The MCP server `{ $server }` is of the unknown kind `{ $kind }`.
    .help = Known kinds: stdio, http, sse.
server-field = `{ $field }` of the MCP server `{ $server }` is not { $expected ->
        [text] a text that says something
        [list] a list of at most 256 texts
        [table] an object of at most 256 texts
        [seconds] a number of seconds between 1 and 86400
       *[size] short enough: all texts of a server together have at most 256 KiB, and no NUL
    }.
    .help = Correct the entry.
config-servers-project = `{ $field }` is left out: a workspace's servers are in its .mcp.json, where agents look too.
    .help = Move them there, or into your own configuration.

servers-head =
    .name = NAME
    .origin = FROM
    .state = STATE
    .target = RUNS
servers-empty = There are no other MCP servers: none in your configuration, in Claude Code's, in this project's .mcp.json, in plugins.
server-state = { $state ->
    [idle] idle
    [connected] connected
    [refused] left alone
    [untrusted] not trusted
   *[unsupported] not supported
}
server-about = { $name } ({ $title } { $version }, MCP { $protocol })
server-has-no-tools = It has no tools.
server-resources = Resources:
offers-head =
    .name = NAME
    .files = FILES
    .bytes = BYTES
    .state = STATE
    .about = ABOUT
offers-empty = { $server } offers no skills.
offer-state = { $state ->
    [new] not installed
    [installed] installed
    [changed] changed since
   *[refused] cannot be installed
}
offer-about = { $skill }, a skill of { $server } ({ $state }). What it says is the server's word and nobody else's.
offer-files-head =
    .path = FILE
    .bytes = BYTES
    .digest = DIGEST
offer-approve = To install exactly these files: mycelium mcp install-skill { $server } { $skill } --approve { $approval }
offer-taken = { $what ->
    [installed] The skill { $skill } of { $server } is installed in { $folder }.
    [there] The skill { $skill } of { $server } is installed already, in { $folder }.
    [removed] The skill { $skill } of { $server } is removed from { $folder }.
   *[absent] No skill { $skill } of { $server } is installed.
}
offer-hidden = Nobody can use it by that name: there is another skill { $skill } ({ $place }), which comes first. Remove this one with --uninstall and install it with --as NAME.
server-called = Result: { $result }

# Servers of MCP that run as skills: `mcp wrap` and `mcp unwrap`.

wrap-description = The MCP server { $title } { $version }
wrap-tool-without-name = A tool is left out that has no name.
wrap-list-resources = Lists the resources that can be read, a page at a time.
wrap-list-resource-templates = Lists the forms that the addresses of resources have, a page at a time.
wrap-read-resource = Reads the resource with this address.
wrap-list-prompts = Lists the prompts and the arguments that each takes, a page at a time.
wrap-get-prompt = Gives the prompt of this name, with these arguments filled in.
wrap-tool-without-schema = The tool { $tool } is left out: it does not take its arguments by name.
wrap-done = { $replaced ->
    [yes] { $skill } was wrapped anew
   *[no] { $skill } is a skill now
}, with { $tools ->
    [one] one function
   *[other] { $tools } functions
}. It runs in the sandbox and offers what it offers now; wrap it again to change that.
wrap-command = Runs: { $value }
wrap-code = Its code, which it can read: { $value }
wrap-permissions = Asks for: { $value }
wrap-variables = Variables it gets: { $value }
wrap-tools = Functions: { $value }
wrap-added = New functions: { $value }
wrap-removed = Functions that are gone: { $value }
wrap-hidden = In this workspace `{ $skill }` means the skill from { $source }. Wrap the server under another name, or rename that one.
wrap-trust = Its calls wait for you: run `mycelium trust { $skill }` to grant what it asks for.
wrap-undone = { $skill } is no skill any more.
wrap-data = Its data was left in { $folder }
