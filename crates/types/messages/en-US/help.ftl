# The help of the command line. One message for each command; its attributes are the texts of its
# arguments, `.details` says more about it, `.examples` shows how it is used.

help-options =
    .heading = Global options
    .examples-heading = Examples:
    .json = Print one JSON object for each result
    .directory = Work in this folder instead of the current one
    .no-daemon = Run in this process, without the daemon
    .offline = Fetch nothing; use what is stored
    .skill-debug = Show what each part of the runtime does
    .color = When to use colours: auto, always or never
    .quiet = Print results and errors only
    .verbose = Print everything that is known
    .timeout = The longest a call may take, in seconds
    .overrides = Set a configuration value for this command
    .help = Print help; --help prints more than -h
    .version = Print the version

help-mycelium = The runtime under an agent's skills: finds them, checks them, runs each one locked in
    .details = Without a command it opens a shell. When standard input is not a terminal, its lines are read as commands. The words `skill`, `skills`, `/skill` and `/skills` before a command are accepted and ignored.
    .examples =
        mycelium discover
        mycelium exec hello-world greet Claude
        mycelium demo

help-discover = Look for skills
    .details = Searches the folders of the configuration, or the ones given, and says what was found. A broken skill is reported beside the good ones and is no failure of the search.
    .paths = Folders to search instead of the configured ones
    .explain = Say of every folder why it was taken or not
    .examples =
        mycelium discover
        mycelium discover --explain ./custom-skills

help-list = List the known skills

help-search = Search the known skills
    .details = A skill must meet all conditions. The best match comes first.
    .text = Words to find in name, tags, keywords and description
    .name = Part of the name
    .tags = A tag the skill must have; may be repeated
    .author = Part of the author's name
    .category = The category
    .min-version = The least version
    .max-version = The greatest version
    .limit = How many skills to show at most; 50 if not given
    .examples =
        mycelium search greeting
        mycelium search --tag testing --min-version 1.0.0

help-catalog = Show what an agent sees of the Agent Skills
    .details = Fits the descriptions of the skills that the agent finds by itself into the part of the agent's context that it gives them, and says what is shortened, hidden, left out or not found.
    .agent = Whose rules: claude-code or codex
    .context = How many tokens the agent's context has
    .format = markdown, xml or json
    .examples =
        mycelium catalog
        mycelium catalog --agent codex --format xml

help-info = Show all about a skill
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package
    .examples =
        mycelium info hello-world
        mycelium info hello-world@^1.0 --json

help-exec = Run a method of a skill
    .details = An argument is a string unless it is a JSON number, boolean, null, array or object. A number with more digits than 64 bits hold stays a string. Where the method takes named arguments, KEY=VALUE pairs or one JSON object give them.
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package
    .method = The method
    .words = Arguments of the call
    .args-json = All arguments as a JSON array (or object, by name); - reads it from standard input
    .examples =
        mycelium exec hello-world greet Claude
        mycelium exec calculator add 1 2 --json
        mycelium exec report build --args '["2026-11", {"{"}"draft": true{"}"}]'
        echo '["Claude"]' | mycelium exec hello-world greet --args -

help-trace = Find out which permissions a method needs
    .details = Runs the method in an instance of its own with what the skill is granted, lets it read the workspace besides, and prints what it used and tried, with the least permissions that allow it; what nobody can see in use, such as the variables that a program of its own reads, stays as the manifest has it. With --write it can also change what is in the workspace, except what no skill may. Everything else it tries is refused as ever and listed: grant it and trace again to see what comes after it. The workspace must be trusted; nothing is granted for later. One run shows what one run does: other arguments may need more.
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package
    .method = The method
    .words = Arguments of the call
    .args-json = All arguments as a JSON array (or object, by name); - reads it from standard input
    .write = Let it change files of the workspace
    .diff = Compare with what the manifest asks for: what is not used, and what is missing
    .examples =
        mycelium trace report build 2026-11
        mycelium trace report build 2026-11 --write --diff

help-activate = Make a skill ready for calls
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package

help-deactivate = Refuse the calls of a skill until it is activated
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package

help-reload = Read a skill again and start it anew
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package

help-unload = End a skill, or all of them
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package
    .all = End all skills of the workspace
    .examples =
        mycelium unload hello-world
        mycelium unload --all

help-reset = Close the circuit breaker of a skill
    .skill = The skill: NAME or NAME@RANGE, or the path of a .skill package

help-metrics = Show what was measured

help-ps = Show what runs

help-trust = Grant a skill what it asks for, or trust the workspace
    .details = Without a skill, the workspace is trusted: its own skills may then use the workspace paths they declare. With a skill, it is granted all it asks for, for the content it has now, or refused it for good.
    .skill = The skill: NAME or NAME@RANGE; the workspace if not given
    .yes = Do not ask
    .once = Grant what the skill asks for in this workspace until the daemon ends, and store nothing
    .never = Refuse what the skill asks for, and do not ask again until it changes
    .examples =
        mycelium trust
        mycelium trust downloader --yes
        mycelium trust downloader --once
        mycelium trust downloader --never

help-revoke = Take back what was granted
    .skill = The skill: NAME or NAME@RANGE; the workspace if not given

help-validate = Check a skill's manifest and code without running it
    .path = The skill's folder, its skill.json or its SKILL.md, or a .skill package
    .strict = Treat warnings as errors; of a SKILL.md give the reference validator's verdict
    .examples =
        mycelium validate ./custom-skills/hello-world
        mycelium validate --strict --json .

help-pack = Make one file of a skill's folder, a .skill package
    .details =
        The package is a zip archive of the folder, without .git and other packages. The same files make the same bytes. Commands that take
        a skill take a package too: what is in it runs in the sandbox and is granted what its content is trusted with.
    .folder = The skill's folder
    .output = The file to write; NAME.skill in the current folder if not given
    .examples =
        mycelium pack ./skills/hello-world
        mycelium exec ./hello-world.skill greet Claude

help-config = Show or change the configuration

help-config-list = List all values
    .show-origin = Say where each value comes from
    .secrets = List the names of the stored secrets instead

help-config-get = Show one value
    .key = The value's dotted name, such as security.maxMemoryMB

help-config-set = Set one value in a configuration file
    .key = The value's dotted name, such as security.maxMemoryMB
    .value = The value; JSON, or else a string
    .secret = Store a secret of this name; its value is read from standard input, or asked for and not shown
    .layer = Whose file to change: user or project
    .examples =
        mycelium config set security.maxMemoryMB 250
        mycelium config set monitoring.logLevel debug --layer user
        mycelium config set --secret GITHUB_TOKEN

help-config-unset = Take one value out of a configuration file
    .key = The value's dotted name, such as security.maxMemoryMB
    .secret = Forget the secret of this name instead
    .layer = Whose file to change: user or project

help-config-path = Show where the configuration files are

help-doctor = Check whether everything works here
    .details = Probes the sandbox by using it, looks at folders, disk space, socket and daemon, and says what to do about what it finds.

help-explain = Explain an error code
    .code = The code; without one, all codes are listed
    .examples =
        mycelium explain SECURITY_VIOLATION

help-demo = Show what the runtime does, in eight steps
    .details = Creates three skills in a new folder and runs them, with a daemon and files of its own, so that nothing of yours is touched. One step waits 30 seconds for a time limit. The first skill needs a package of the npm registry.
    .folder = Where to work: a new or empty folder; a temporary one if not given
    .keep = Keep the folder
    .fast = Use a time limit of 2 seconds

help-daemon = Look after the daemon

help-daemon-status = Show how the daemon does

help-daemon-start = Start the daemon if it does not run

help-daemon-stop = Stop the daemon after the calls that run

help-daemon-logs = Show the daemon's log
    .follow = Wait for more
    .lines = How many of the last lines to show

help-mcp = Offer the skills to agents over MCP, and use other MCP servers

help-mcp-serve = Speak MCP, for an agent that starts this command or that comes over HTTP
    .details = An agent's connection is a session of its own: the instances of its skills end with it. Up to mcp.maxListedSkills skills, each of their functions is a tool; beyond that, skill_search, skill_describe and skill_run find and run them. Over HTTP, requests need the token that is in the file this command names.
    .http = Listen at this address, such as 127.0.0.1:8750, instead of the standard streams
    .no-auth = Let every program of this machine in, without a token; loopback addresses only
    .allow-host = Another name by which clients know the address; may be repeated
    .allow-origin = The origin of a web page that may use it; may be repeated
    .tool-prefix = What the client puts before the names of tools (mcp__mycelium__): with it, they have up to 64 characters
    .examples =
        mycelium mcp serve
        mycelium mcp serve --http 127.0.0.1:8750

help-mcp-install = Add this program to the configuration of an agent
    .details = Writes one entry, with the path of this program, and leaves everything else in the file as it is; what the file had before is kept. Doing it again changes nothing. A file that cannot be understood is never written to.
    .client = Which agent: claude, codex, cursor or vscode
    .scope = For whom: user, in all projects, or project, for all who work in this one
    .print = Print what to paste instead of writing it
    .uninstall = Remove the entry
    .examples =
        mycelium mcp install --client claude
        mycelium mcp install --client vscode --scope project --print

help-mcp-status = Say which agents have this program, and whether what they have works
    .details = Starts what each agent would start, the way the agent would, and shakes hands with it. Exits with 3 if one does not work.

help-mcp-servers = List the other MCP servers there are, and who brought them
    .details = They are those of mcp.servers in your configuration, of Claude Code, of this project's .mcp.json and of plugins. Of several with one name the first counts. Nothing is started.

help-mcp-tools = Show what an MCP server offers
    .details = Starts the server if nobody is connected to it. It runs as you, as it does for an agent. What a project brings is started only in a trusted workspace.
    .server = The server, as `mycelium mcp servers` names it
    .examples =
        mycelium mcp tools time

help-mcp-wrap = Run an MCP server as a skill, in the sandbox
    .details = Starts the server once, in the sandbox and with what the options grant, and makes a skill of the tools that it names: from then on agents find it among the skills of `mycelium mcp serve`, and it has permissions, limits, metrics and traces like every skill. It can read its own code and nothing else unless an option says so. What npx, uvx and pipx would run must be installed; nothing is fetched. Its tools stay as they are until it is wrapped again. Paths to read and write are absolute, begin with ~, or are relative to the workspace of each call.
    .name = What the skill is to be called
    .read = A file or folder that it may read; may be repeated
    .write = A file or folder that it may change; may be repeated
    .net = A host that it may talk to; may be repeated
    .env = A variable of yours that it may see, or one that it gets with a value; may be repeated
    .process = A program of the system that it may start; may be repeated
    .code = A file or folder of its own code that is not found by itself; may be repeated
    .yes = Grant its calls what the options say without asking
    .from = Take the command from this server, as `mycelium mcp servers` names it
    .command = What starts the server, and its arguments
    .examples =
        mycelium mcp wrap time -- uvx mcp-server-time
        mycelium mcp wrap git --process git --read ~/work --yes -- mcp-server-git
        mycelium mcp wrap files --write ~/notes -- npx @modelcontextprotocol/server-filesystem ~/notes

help-mcp-unwrap = Forget a skill that was made of an MCP server
    .details = Ends what runs of it. Its data stays.
    .name = The skill

help-mcp-call = Call a tool of an MCP server
    .details = The arguments are KEY=VALUE pairs or one JSON object; they are checked against the tool's schema before the server is asked.
    .server = The server, as `mycelium mcp servers` names it
    .tool = The tool
    .words = Arguments of the call
    .args-json = All arguments as a JSON object; - reads it from standard input
    .examples =
        mycelium mcp call time get_current_time timezone=Europe/Berlin
        mycelium mcp call memory search_nodes --args '{"{"}"query": "Ada"{"}"}'

help-mcp-read = Read a resource of an MCP server
    .server = The server, as `mycelium mcp servers` names it
    .uri = The resource

help-mcp-skills = List the skills that an MCP server offers
    .details = Asks the server, and reads none of their files. The Skills extension of MCP (SEP-2640) is how it tells.
    .server = The server, as `mycelium mcp servers` names it

help-mcp-skill = Look into a skill that an MCP server offers
    .details = Shows its files with their sizes and digests, and its instructions, which are read and checked. Says how to install it.
    .server = The server, as `mycelium mcp servers` names it
    .skill = The skill

help-mcp-install-skill = Install a skill that an MCP server offers
    .details = Only what was approved is installed: exactly the files that `mycelium mcp skill` showed, each checked by its digest. It is looked for after all other skills, so it takes the place of none, and gets no more than it is granted.
    .server = The server, as `mycelium mcp servers` names it
    .skill = The skill
    .approve = What is approved, as `mycelium mcp skill` prints it
    .name = The name that the skill has here, if its own is another skill's; nothing else of it is changed
    .uninstall = Remove what is installed of the skill instead
    .examples =
        mycelium mcp install-skill docs pdf --approve sha256:9f86d081…
        mycelium mcp install-skill docs pdf --approve sha256:9f86d081… --as docs-pdf
        mycelium mcp install-skill docs pdf --uninstall

help-session = Open and close sessions by name
    .details = Commands with the same MYCELIUM_SESSION share what skills keep in memory, and nobody else sees it. The plugin for Claude Code makes a session of each of its conversations.

help-session-open = Print what makes a shell's commands belong to a session
    .details = Starts the daemon, so that the first call finds it running.
    .name = Up to 100 letters, digits, hyphens, dots and underscores
    .hook = Read from standard input what Claude Code tells its hooks, name the session after its own, and write into $CLAUDE_ENV_FILE what would be printed
    .examples =
        eval "$(mycelium session open release-7)"

help-session-close = End a session's running skills
    .details = Starts nothing. What skills keep in files stays.
    .name = The session's name
    .hook = Read from standard input what Claude Code tells its hooks
    .examples =
        mycelium session close release-7

help-log = Show the audit log
    .details = Every operation is in it in brief, everything about security in full: refusals, grants, limits. Secrets are not. Shows the last 100 entries, or all since a time.
    .follow = Wait for more
    .skill = Only entries about this skill
    .since = Only entries since then: a time like 2025-10-20T15:30 or 2025-10-20 (UTC), or how long ago, like 90s, 10m, 2h or 3d
    .lines = How many of the last entries to show
    .examples =
        mycelium log --since 1h
        mycelium log --follow --skill hello-world
        mycelium log verify

help-log-verify = Find out whether the audit log was changed
    .details = Reads all of the log, names the first entry that was edited, removed, reordered, inserted or cut off, and then ends with status 5. Prints the last entry as NUMBER:HASH: kept elsewhere and given as --anchor later, it shows that not even the whole log was replaced.
    .folder = A copy of the log to verify instead
    .keys = The public key that must have signed the log, instead of this machine's; may be repeated
    .anchor = An entry that must be in the log
    .examples =
        mycelium log verify
        mycelium log verify ./copy/audit --key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29

help-log-export = Write the audit log as one JSON document
    .format = What to write: json
    .skill = Only entries about this skill
    .since = Only entries since then: a time or how long ago
    .examples =
        mycelium log export --format json > audit.json

help-completions = Print a completion script for a shell
    .shell = The shell: bash, elvish, fish, powershell or zsh
    .examples =
        mycelium completions bash > ~/.local/share/bash-completion/completions/mycelium

help-types = Print TypeScript's declarations of what a skill can ask of its runtime
    .examples =
        mycelium types > mycelium.d.ts

help-help = Print this text or the help of a command
