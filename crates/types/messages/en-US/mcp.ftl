# What agents read over MCP.

mcp-instructions = Skills on this machine, each run in a sandbox with the permissions its user granted. A tool SKILL_METHOD runs one function of one skill. skill_search finds skills by what they do, skill_describe tells a skill's functions and their arguments, and skill_run runs any function. An error begins with a code and says what to do next; what only the user can allow, ask the user for.
mcp-search = Finds skills by what they do, the best first. Use it when no listed tool fits the task.
mcp-search-query = What is wanted, in a few words.
mcp-search-limit = How many at most.
mcp-describe = Tells what a skill does, its functions with the schemas of their arguments and results, and which of its permissions are granted.
mcp-describe-skill = The skill's name, or NAME@RANGE for one of its versions.
mcp-run = Runs a function of a skill and returns its result.
mcp-run-skill = The skill's name, or NAME@RANGE for one of its versions.
mcp-run-method = The function's name.
mcp-run-arguments = The arguments by name, as skill_describe tells them.
mcp-consent-title = May it?
mcp-consent-choice = once: until Mycelium's daemon ends. always: until the skill changes. never: do not ask again for this content. To decide later, decline.
mcp-prompt-arguments = What the instructions are about, as it would be typed after their name.
mcp-skill-file = A file of a skill
mcp-skill-file-details = Instructions are at SKILL.md; skills/get tells the other files of a skill, with digests and sizes.
mcp-deprecated = Deprecated: { $message }
mcp-shortened = The result has { $bytes } bytes, of which these are the first { $shown }. The whole of it is the resource { $uri }.
mcp-cut = The result has { $bytes } bytes, of which these are the first { $shown }. The rest is too large to be kept.

# The commands `mcp install` and `mcp status`. $client is the word of an agent, $scope `user` or `project`.
mcp-client = { $client ->
    [claude] Claude Code
    [codex] Codex
    [cursor] Cursor
    [vscode] Visual Studio Code
   *[other] { $client }
}
mcp-installed = { $change ->
    [changed] { mcp-client } now starts Mycelium ({ $file })
   *[unchanged] { mcp-client } starts Mycelium already ({ $file })
}
mcp-uninstalled = { $change ->
    [changed] { mcp-client } no longer starts Mycelium ({ $file })
   *[unchanged] { mcp-client } has no entry for Mycelium ({ $file })
}
mcp-backup = The file as it was: { $file }
mcp-next = { $client ->
    [claude] { $scope ->
        [project] Start Claude Code anew in this project and approve the server; /mcp shows it.
       *[user] Start Claude Code anew; /mcp shows it.
    }
    [codex] { $scope ->
        [project] Start Codex anew; it reads this file in projects that you trust.
       *[user] Start Codex anew; /mcp shows it.
    }
    [cursor] Cursor shows it in its settings, under MCP.
   *[vscode] Visual Studio Code shows it with the command "MCP: List Servers".
}
mcp-paste = To be pasted into { $file }:
mcp-left-alone = { $reason }. The file was left as it is; `mycelium mcp install --client { $client } --scope { $scope } --print` shows what to add by hand
mcp-status-head =
    .client = CLIENT
    .scope = SCOPE
    .state = STATE
    .file = FILE
mcp-state = { $state ->
    [works] works
    [broken] broken
   *[absent] not there
}
mcp-broken = { mcp-client } ({ $scope }): { $reason }
    .help = `mycelium mcp install --client { $client } --scope { $scope }` writes the entry anew.
mcp-not-started = `{ $command }` cannot be started: { $reason }
mcp-silent = what it starts does not answer: { $reason }
mcp-too-slow = nothing came within { $seconds } seconds
mcp-ended = it ended
mcp-stranger = what it starts is another server, `{ $name }`
mcp-no-server = what it starts is no MCP server

# The command `mcp serve --http`.
mcp-serving = Agents find the skills at { $url }
mcp-token = They send `Authorization: Bearer TOKEN`; the token is in { $file }
mcp-no-token = No token is needed: every program of this machine can call the skills.
