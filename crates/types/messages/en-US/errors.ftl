# One entry for each error code: the text says what happened, `.help` what to do next.
# A text may name any fact of the error; one it does not have is shown as its name in braces,
# so texts name only facts that every place giving the code supplies, or select on `reason`.

USAGE = { $reason }
    .help = Run `mycelium --help` to see the commands, or `mycelium COMMAND --help` for one of them.

SKILL_NOT_FOUND = There is no skill `{ $skill }`.
    .help = { $suggestion ->
        [none] Run `mycelium discover` to see the skills that were found, and `mycelium discover --explain` for the ones that were not.
       *[other] Did you mean `{ $suggestion }`? Run `mycelium list` to see all skills.
    }

METHOD_NOT_FOUND = Skill `{ $skill }` exports no method `{ $method }`.
    .help = { $suggestion ->
        [none] Run `mycelium info { $skill }` to see its methods.
       *[other] Did you mean `{ $suggestion }`? Run `mycelium info { $skill }` to see all its methods.
    }

MANIFEST_INVALID = The skill in { $path } is not valid: { $reason }
    .help = Correct what is listed and run `mycelium validate` on the folder.

CONFIG_INVALID = The configuration is not valid: { $reason }
    .help = { $of ->
        [agent] Correct the file of the agent, or whatever is in the place of its servers, and run the command again.
       *[mycelium] Correct the value; `mycelium config list --show-origin` says where each value comes from.
    }

ARGUMENTS_INVALID = The arguments for { $skill }.{ $method } do not fit: { $reason }
    .help = Run `mycelium info { $skill }` to see what the method takes.

INCOMPATIBLE = Skill `{ $skill }` does not work here: { $reason }
    .help = Use a version of the skill made for this machine, or change its `compatibility` or `engine` field.

SKILL_LOAD_ERROR = Skill `{ $skill }` could not be loaded: { $reason }
    .help = Check the skill's entrypoint and lifecycle hooks; `mycelium validate` checks its code without running it.

SKILL_EXECUTION_ERROR = { $reason }
    .help = Check skill implementation for bugs. Review error logs for details.

RESULT_INVALID = { $skill }.{ $method } returned something that cannot be passed on as JSON: { $reason }
    .help = Return strings, numbers, booleans, null, arrays and plain objects, without cycles and nested at most 100 deep.

SKILL_TIMEOUT = { $skill }.{ $method } took longer than { $limit } seconds.
    .help = Increase timeout limit in skill configuration or optimize skill code.

CPU_LIMIT = { $skill }.{ $method } used more than { $limit } seconds of processor time.
    .help = Increase `limits.cpuSeconds` in the skill's manifest (and `security.maxCpuTimeSeconds` in the configuration), or optimize the skill.

MEMORY_LIMIT = Skill `{ $skill }` used more than { $limit } MB of memory.
    .help = Increase `limits.memoryMB` in the skill's manifest (and `security.maxMemoryMB` in the configuration), or make the skill use less.

FILE_LIMIT = Skill `{ $skill }` opened more than { $limit } files.
    .help = Close files after use, or increase `limits.openFiles` in the skill's manifest (and `security.maxOpenFiles` in the configuration).

PROCESS_LIMIT = Skill `{ $skill }` tried to have more than { $limit } child processes.
    .help = Wait for programs to end before starting others, or increase `limits.processes` in the skill's manifest (and `security.maxProcesses` in the configuration).

FILE_SIZE_LIMIT = Skill `{ $skill }` wrote a file of more than { $limit } MB.
    .help = Write several smaller files, or increase `limits.fileSizeMB` in the skill's manifest (and `security.maxFileSizeMB` in the configuration).

DISK_LIMIT = { $limit_name ->
        [dataMB] Skill `{ $skill }` keeps more than { $limit } MB in its private data, { $path }.
        [tmpMB] Skill `{ $skill }` wrote more than { $limit } MB to /tmp.
       *[pathsMB] Skill `{ $skill }` added more than { $limit } MB to the paths it was granted.
    }
    .help = { $limit_name ->
        [dataMB] Delete what is not needed there, or increase `limits.dataMB` in the skill's manifest (and `security.maxDataMB` in the configuration).
        [tmpMB] Delete temporary files after use, or increase `limits.tmpMB` in the skill's manifest (and `security.maxTmpMB` in the configuration).
       *[pathsMB] Make the skill write less, or increase `limits.pathsMB` in the skill's manifest (and `security.maxPathsMB` in the configuration).
    }

OUTPUT_LIMIT = { $skill }.{ $method } produced more than { $limit } MB of output.
    .help = Return less, write large data to a file, or increase `limits.outputMB` in the skill's manifest (and `security.maxOutputMB` in the configuration).

FRAME_LIMIT = { $skill }.{ $method } takes or gives more than { $limit } MB at once.
    .help = Pass large data in files, or increase `limits.frameMB` in the skill's manifest (and `security.maxFrameMB` in the configuration).

LOG_LIMIT = { $skill }.{ $method } printed more than { $limit } lines in a second.
    .help = Print less, or increase `limits.logLinesPerSecond` in the skill's manifest (and `security.maxLogLinesPerSecond` in the configuration).

OVERLOADED = Too many calls wait for `{ $skill }`.
    .help = Wait for running calls to end and try again.

HOST_CALL_INVALID = Skill `{ $skill }` asked its runtime for something that does not fit (`{ $function }`): { $reason }
    .help = See docs/host-api.md for what can be asked for, and how much of it.

CALL_ENDED = Skill `{ $skill }` asked its runtime for something after its call had ended.
    .help = Wait for everything the skill begins before its function returns.

KV_CONFLICT = What a transaction of skill `{ $skill }` had read was changed by others each time it was tried.
    .help = Try again later, or make the transaction read and write less.

CALL_CYCLE = Skills call each other in a circle: { $calls }
    .help = Let each skill call only skills that do not need it.

CALL_DEPTH = More than { $limit } skills call one another in a row: { $calls }
    .help = Let the first skills call several others one after the other instead.

CIRCUIT_BREAKER_OPEN = Skill `{ $skill }` failed repeatedly; calls are refused for another { $seconds } seconds.
    .help = Wait for circuit to close or reset manually with /skills reset { $skill }

SECURITY_VIOLATION = { $operation ->
        [read] Skill `{ $skill }` tried to read { $path }, which it may not.
        [write] Skill `{ $skill }` tried to change { $path }, which it may not.
        [connect] Skill `{ $skill }` tried to reach { $path }, which it may not.
        [exec] Skill `{ $skill }` tried to run { $path }, which it may not.
        [call] Skill `{ $skill }` tried to call { $path }, which it may not.
        [privilege] Skill `{ $skill }` made the system call { $path }, which no skill may make.
        [plant] While skill `{ $skill }` ran, { $path } appeared, which decides what programs outside the sandbox do.
       *[other] Skill `{ $skill }` tried something it may not: { $path }
    }
    .help = { $operation ->
        [read] Request filesystem permission in skill manifest or remove unauthorized access.
        [write] Request filesystem permission in skill manifest or remove unauthorized access.
        [connect] Request network permission in skill manifest or remove unauthorized access.
        [exec] Request process permission in skill manifest or remove unauthorized access.
        [call] Request skill or mcp permission in skill manifest or remove unauthorized access.
        [privilege] No permission allows it: remove the call.
        [plant] Look at { $path } and remove it unless you made it yourself. The skill was ended.
       *[other] Request the permission in skill manifest or remove unauthorized access.
    }

SANDBOX_UNAVAILABLE = The sandbox a skill needs cannot be set up here: { $reason }
    .help = Run `mycelium doctor` to see what is missing and how to enable it.

SIGNATURE_MISSING = Skill `{ $skill }` is refused: { $reason }
    .help = Get the skill from somebody who signs it, or set `security.requireSignatures` to false in your own configuration.

PERMISSION_REQUIRED = Skill `{ $skill }` asks for permissions nobody has granted: { $permissions }
    .help = { $needs ->
        [workspace] Look at what is in this workspace, then trust it with `mycelium trust`.
       *[grant] Look at what it asks for with `mycelium info { $skill }`, then grant it with `mycelium trust { $skill }`.
    }

PERMISSION_DENIED = Skill `{ $skill }` asks for permissions you have refused for good: { $permissions }
    .help = Forget that answer with `mycelium revoke { $skill }`, or grant them after all with `mycelium trust { $skill }`.

SECRET_MISSING = Skill `{ $skill }` uses the secret `{ $name }`, which is not stored.
    .help = Store it with `mycelium config set --secret { $name }`, which asks for the value.

SKILL_CHANGED = { $of ->
        [installed] The files of the skill `{ $skill }`, which the MCP server `{ $server }` offered, are not the ones that were approved.
        [offer] The skill `{ $skill }` of the MCP server `{ $server }` is not the one that was approved ({ $shown } then, { $found } now); nothing was installed.
       *[permissions] Skill `{ $skill }` has changed since its permissions were shown ({ $shown } then, { $found } now); nothing was granted.
    }
    .help = { $of ->
        [installed] Look into what the server has now with `mycelium mcp skill { $server } { $skill }` and install that, or remove it with `mycelium mcp install-skill { $server } { $skill } --uninstall`.
        [offer] Look into it again with `mycelium mcp skill { $server } { $skill }`.
       *[permissions] See what it asks for now with `mycelium trust { $skill }`.
    }

SKILL_DEACTIVATED = Skill `{ $skill }` is deactivated.
    .help = Activate it with `mycelium activate { $skill }`.

ILLEGAL_TRANSITION = Skill `{ $skill }` is { $from } and cannot become { $to }.
    .help = Run `mycelium info { $skill }` to see its state, and `mycelium reload { $skill }` to start over.

DEPENDENCY_CONFLICT = The dependencies of `{ $skill }` do not go together: { $reason }
    .help = Change the ranges in the skill's `dependencies` so that one version satisfies them.

DEPENDENCY_CYCLE = The dependencies of `{ $skill }` need each other: { $reason }
    .help = Remove one of the dependencies named.

DEPENDENCY_UNAVAILABLE = A dependency of `{ $skill }` cannot be got: { $reason }
    .help = { $cause ->
        [offline] Run the command once without --offline so that the packages are stored.
        [not-found] Check the package's name and version range in the skill's `dependencies`.
        [storage] Free some disk space or change the permissions of the folder, then try again.
       *[other] Check the network and the registry in your .npmrc, then try again.
    }

DEPENDENCY_INTEGRITY = A dependency of `{ $skill }` is not what was expected: { $reason }
    .help = Somebody changed the package or the lock. If you meant to update, delete the entry from .claude/skills.lock and try again.

MCP_SERVER_NOT_FOUND = There is no MCP server `{ $server }`.
    .help = { $suggestion ->
        [none] Run `mycelium mcp servers` to see the servers, and the files that name them.
       *[other] Did you mean `{ $suggestion }`? Run `mycelium mcp servers` to see them all.
    }

MCP_SERVER_DENIED = The MCP server `{ $server }` comes with this workspace, which is not trusted, and is not started.
    .help = Look at what it would start with `mycelium mcp servers`, then trust the workspace with `mycelium trust`.

MCP_SERVER_UNAUTHORIZED = The MCP server `{ $server }` wants to know who asks: it answered with status { $status }.
    .help = Put what it wants into `headers` of its entry, such as `"Authorization": "Bearer {"${"}TOKEN{"}"}"` with `TOKEN` in your environment. `mycelium mcp servers --json` shows the file that the entry is in. Nobody is logged in here.

MCP_SERVER_UNAVAILABLE = The MCP server `{ $server }` cannot be used: { $reason }
    .help = { $cause ->
        [breaker] Wait until it is tried again. `mycelium mcp servers` shows what is started for it.
        [remote] Look whether it is up where `mycelium mcp servers` shows it to be.
        [url] Correct `url` of its entry. `mycelium mcp servers --json` shows the file that the entry is in.
        [sse] Servers over HTTP are spoken to in the way of MCP 2025-03-26 and later: give the entry the type `http`, and the URL that the server has for that.
        [offline] Leave out `--offline`.
        [http] Only servers that are started and spoken to on their standard streams can be wrapped.
        [absent] Install what is missing and run the command again; `mycelium mcp wrap` installs nothing.
        [sandbox] It was started in the sandbox with what the command grants. Grant what it lacks with --read, --write, --net, --env or --process, or show it more of its own code with --code.
       *[other] Start what `mycelium mcp servers` shows for it by hand to see what is wrong.
    }

MCP_SERVER_TIMEOUT = The MCP server `{ $server }` did not answer within { $limit } seconds.
    .help = Try again, or set `timeoutSeconds` of the server in `mcp.servers` of your configuration.

MCP_SERVER_INVALID = The MCP server `{ $server }` does not keep to the protocol: { $reason }
    .help = Use another version of the server, and tell its authors.

MCP_OUTPUT_LIMIT = The MCP server `{ $server }` sent more than { $limit } MB at once, and was ended.
    .help = Ask it for less.

MCP_TOOL_NOT_FOUND = The MCP server `{ $server }` has no { $kind ->
        [resource] resource
        [skill] skill
       *[tool] tool
    } `{ $tool }`.
    .help = { $suggestion ->
        [none] Run `mycelium mcp { $kind ->
            [skill] skills
           *[tool] tools
        } { $server }` to see what it has.
       *[other] Did you mean `{ $suggestion }`? Run `mycelium mcp { $kind ->
            [skill] skills
           *[tool] tools
        } { $server }` to see what it has.
    }

MCP_ARGUMENTS_INVALID = The arguments for the tool `{ $tool }` of the MCP server `{ $server }` do not fit: { $reason }
    .help = Run `mycelium mcp tools { $server }` to see what the tool takes. The server was not asked.

MCP_TOOL_FAILED = The tool `{ $tool }` of the MCP server `{ $server }` failed: { $reason }
    .help = What went wrong is in the server's own words; correct the arguments or what the server works with.

WORKER_CRASHED = The worker of `{ $skill }` ended in the middle of its work: { $reason }
    .help = Try again; if it happens again, look at the daemon's log with `mycelium daemon logs`.

DAEMON_UNAVAILABLE = The daemon cannot be reached: { $reason }
    .help = Run `mycelium daemon status`, or add --no-daemon to run in this process.

STATE_UNAVAILABLE = Mycelium's own files cannot be used: { $reason }
    .help = Free some disk space or change the permissions of the folder, then try again.

AUDIT_UNAVAILABLE = What happens cannot be put on record, so nothing happens: { $reason }
    .help = Free some disk space or correct the permissions of the state folder, then try again. `mycelium log verify` says how the log is.

INTERRUPTED = Interrupted.
    .help = Run the command again to start over.

INTERNAL = Something went wrong inside Mycelium: { $reason }
    .help = This is a defect. Please report it with the output of `mycelium doctor` and `mycelium daemon logs`.
