# What commands print. Parts of the runtime are named in brackets, as the specification has it.

note = note: { $text }
state-not-kept = Nothing can be kept for the next command, neither known skills nor breakers nor what is trusted: { $reason }

# Events.

event-lifecycle = [SkillLifecycleManager] { $step ->
    [loading] Loading skill: { $skill }
    [initializing] Initializing skill: { $skill }
    [activating] Activating skill: { $skill }
    [deactivating] Deactivating skill: { $skill }
   *[unloading] Unloading skill: { $skill }
}
event-state = [SkillLifecycleManager] Skill { $skill } state: { $states }
event-dependencies = [DependencyResolver] Resolved { $declared } dependencies in { $time }
event-sandbox = [SkillSandbox] Creating sandbox with limits: { $memory }MB memory, { $cpu }s CPU
event-executing = [SkillExecutor] Executing { $skill }.{ $method } with args: { $args }
event-failed = [ErrorHandler] Caught error during skill execution:
    .skill = Skill: { $skill } (v{ $version })
    .method = Method: { $method }
    .hook = Hook: { $hook }
    .error = Error: { $message }
event-limit = [ResourceLimiter] { $limit ->
    [cpuSeconds] Skill execution exceeded CPU time limit ({ $value }s)
    [wallSeconds] Skill execution exceeded time limit ({ $value }s)
    [memoryMB] Skill execution exceeded memory limit ({ $value }MB)
    [openFiles] Skill execution exceeded open file limit ({ $value })
    [processes] Skill execution exceeded process limit ({ $value })
    [fileSizeMB] Skill execution exceeded file size limit ({ $value }MB)
    [dataMB] Skill execution exceeded private data limit ({ $value }MB)
    [tmpMB] Skill execution exceeded temporary file limit ({ $value }MB)
    [pathsMB] Skill execution exceeded limit of granted paths ({ $value }MB)
    [outputMB] Skill execution exceeded output limit ({ $value }MB)
    [frameMB] Skill execution exceeded message size limit ({ $value }MB)
    [logLinesPerSecond] Skill execution exceeded log rate limit ({ $value } lines/s)
   *[other] Skill execution exceeded limit { $limit } ({ $value })
}
    .termination = { $limit ->
        [cpuSeconds] [SkillSandbox] Terminating skill execution: timeout
        [wallSeconds] [SkillSandbox] Terminating skill execution: timeout
       *[other] [SkillSandbox] Terminating skill execution: limit reached
    }
event-breaker-opened = [CircuitBreaker] { $skill } has failed { $failures } times, opening circuit
event-breaker-rejected = [CircuitBreaker] Circuit open for { $skill }, rejecting execution
    {"["}CircuitBreaker] Circuit will close after { $seconds } seconds or manual reset
event-progress = { $message ->
    [none] { $skill }: { $done }
   *[other] { $skill }: { $done } { $message }
}
event-retrying = [RetryHandler] Trying { $skill } again after { $delay }ms (attempt { $attempt })
event-reload = [HotReload] Detected changes in { $skill }
event-download = [PackageManager] Stored { $package } ({ $done } of { $total })
progress-download = { $package }
event-request = [NetworkBroker] { $what } { $place } { $verdict ->
        [refused] refused
        [failed] failed after { $time } ({ $sent } bytes sent, { $received } received)
       *[allowed] done in { $time } ({ $sent } bytes sent, { $received } received)
    }
event-request-reason = Reason: { $reason }
event-request-given = The secret { $name } went with it
event-request-withheld = The secret { $name } is not for this host: its placeholder went with it
secret-unreadable = The TLS was the program's own, so { $names } stayed a placeholder. With { $skill } in `network.readTls` of your configuration, the broker reads it and puts the value in.
event-request-omitted = { $count } requests before it are not shown: there were too many in a short time
event-used = [SkillSandbox] { $skill } used what it is granted: { $operation } { $path }
event-needed = [SkillSandbox] { $skill } did what may take a permission: { $operation } { $what }
event-violation-file = [FilesystemGuard] Blocked unauthorized file access:
    .skill = Skill: { $skill } (v{ $version })
    .attempted = Attempted path: { $attempted }
    .allowed = Allowed paths: [{ $allowed }]
    .blocked = Blocked paths: [{ $blocked }]
event-violation-network = [NetworkGuard] Blocked unauthorized network access:
    .skill = Skill: { $skill } (v{ $version })
    .attempted = Attempted address: { $attempted }
    .allowed = Allowed addresses: [{ $allowed }]
    .blocked = Blocked addresses: [{ $blocked }]
event-violation-process = [ProcessIsolator] Blocked unauthorized program:
    .skill = Skill: { $skill } (v{ $version })
    .attempted = Attempted program: { $attempted }
    .allowed = Allowed programs: [{ $allowed }]
    .blocked = Blocked programs: [{ $blocked }]
event-violation-privilege = [SkillSandbox] Blocked privileged system call:
    .skill = Skill: { $skill } (v{ $version })
    .attempted = Attempted call: { $attempted }
    .allowed = Allowed privileges: [{ $allowed }]
    .blocked = Blocked privileges: [{ $blocked }]
event-violation-call = [SkillSandbox] Blocked call of the runtime:
    .skill = Skill: { $skill } (v{ $version })
    .attempted = Attempted call: { $attempted }
    .allowed = Allowed calls: [{ $allowed }]
    .blocked = Blocked calls: [{ $blocked }]
event-violations-omitted = [SkillSandbox] { $skill } tried more than is told
    .refused = Refusals left out: { $refused }
    .unjudged = Attempts that nobody looked at: { $unjudged }
violation-permission = Permission that would allow it: { $permission }
violation-allowed-none = <none>
violation-blocked-all = { $operation ->
    [connect] all addresses
    [exec] all programs
    [privilege] all privileges
    [call] all calls
   *[file] all system paths
}
violation-blocked-rest = all others
event-audit = [AuditLogger] SECURITY_VIOLATION: { $operation ->
    [connect] Unauthorized network access attempt
    [exec] Unauthorized program start attempt
    [privilege] Privileged system call attempt
    [call] Unauthorized call attempt
   *[file] Unauthorized filesystem access attempt
}
    .skill = Skill: { $skill }
    .path = Path: { $path }
    .timestamp = Timestamp: { $time }
event-unload-all = [SkillLifecycleManager] Unloading { $count } skills...
event-unloaded-all = [SkillLifecycleManager] All skills unloaded successfully

# Errors.

error-message = Error: { $message }
error-stack = Stack: { $first }
error-code = Error Code: { $code }
error-remedy = Remediation: { $remedy }
error-correlation = Correlation ID: { $id }
error-retryable = The same command may succeed later.
call-failed = Execution failed after { $time }
call-blocked = Execution blocked
call-denied = Execution blocked by security policy

# discover, list, search.

discover-heading = Discovering skills in configured paths...
discover-heading-places = Discovering skills in { $places }...
discover-found = { $count ->
    [0] Found no skills.
    [one] Found 1 skill:
   *[other] Found { $count } skills:
}
discover-skill = - { $name } (v{ $version }) - { $remark }
discover-new = newly discovered
discover-candidates = { $count ->
    [one] Looked at 1 folder:
   *[other] Looked at { $count } folders:
}
discover-taken = + { $path }: { $plugin ->
        [none] { $reason }
       *[other] (plugin { $plugin }) { $reason }
    }
discover-not-taken = - { $path }: { $plugin ->
        [none] { $reason }
       *[other] (plugin { $plugin }) { $reason }
    }
discover-agent = { $agent ->
        [claude-code] Claude Code
        [codex] Codex
       *[guide] Other agents
    }: { $reason ->
        [found] seen
        [found-as] seen as { $name }
        [link] seen, if its version follows links
        [subfolder] seen once it works in that part of the workspace
        [subfolder-as] seen as { $name } once it works in that part of the workspace
        [client] seen by the one whose folder it lies in
        [either] seen, or the one in { $other } instead: they differ in which of two they take
        [shadowed] not seen, the one in { $other } has precedence
        [no-skill-md] not seen, it has no SKILL.md; `mycelium mcp serve` offers it
        [lower-case] not seen, its file is called skill.md instead of SKILL.md
        [elsewhere] not seen, skills are not searched there
        [nested] not seen, skills are not searched so deep
        [name-only] seen, but for its description: `skillOverrides` in its settings says so
        [user-invocable-only] not seen, only you may start it: `skillOverrides` in its settings says so
        [off] not seen, `skillOverrides` in its settings switches it off
       *[plugin] not seen, plugins are Claude Code's
    }
discover-time = Discovery completed in { $time }
discover-collision = { $skill } exists twice: the one from { $winner } is used, the one from { $loser } is not.
catalog-collisions = { $count ->
        [one] One more skill is hidden
       *[other] { $count } more skills are hidden
    } by another of the same name. `mycelium discover --explain` names all.
catalog-unseen = { $count ->
        [one] One more skill is known, which the agent does not find by itself
       *[other] { $count } more skills are known, which the agent does not find by itself
    }: `mycelium discover --explain` says why, and `mycelium mcp serve` offers what it does not find.
catalog-capped = { $count ->
        [one] One description is longer than the agent takes of any
       *[other] { $count } descriptions are longer than the agent takes of any
    } and ends with `…`.
catalog-shortened = { $count ->
        [one] One description is shortened
       *[other] { $count } descriptions are shortened
    } so that all have room; shorter ones are understood better.
catalog-name-only = { $count ->
        [one] One skill has
       *[other] { $count } skills have
    } only a name in the list, which agents hardly use: let them search with `skill_search` of `mycelium mcp serve`, or keep fewer skills.
catalog-omitted = { $count ->
        [one] One skill has
       *[other] { $count } skills have
    } no room at all: { $names }{ $count ->
        [one] .
       *[other] …
    }
catalog-used = { $count ->
        [one] One skill takes
       *[other] { $count } skills take
    } { $used } of { $budget } characters.
skills-none = No skills are known. Run `mycelium discover --explain` to see where they were looked for.
search-empty = No skill meets these conditions.
skill-table =
    .name = NAME
    .version = VERSION
    .state = STATE
    .source = SOURCE
    .description = DESCRIPTION
skill-deprecated = (deprecated: { $message }) { $description }

# info.

info-skill = Skill: { $name } (v{ $version })
info-description = Description: { $description }
info-author = Author: { $author }
info-license = License: { $license }
info-state = State: { $state }{ $state ->
    [LOADED] {" "}(not yet initialized)
   *[other] {""}
}{ $breaker ->
    [closed] {""}
   *[other] , circuit { $breaker }
}
info-deprecated = Deprecated: { $message }{ $replacement ->
    [none] {""}
   *[other] {" "}(use { $replacement } instead)
}
info-origin = Source: { $source }{ $server ->
        [none] {""}
       *[other] {" "}(offered by the MCP server { $server })
    }
    Folder: { $root }
    Digest: { $digest }
    Engine: { $engine }
    Versions: { $versions }
    Tags: { $tags }
info-limits = Limits:
info-limit = { $limit }: { $used ->
    [none] { $value }
   *[other] { $used } of { $value }
}
info-dependencies = { $count ->
    [0] Dependencies: none
   *[other] Dependencies ({ $count }):
}
info-dependency = { $name }@{ $range } ({ $resolved ->
    [none] not resolved yet
   *[other] resolved: { $resolved }
}, cached: { $cached ->
    [true] yes
   *[false] no
})
info-permissions = { $count ->
    [0] Permissions: none
   *[other] Permissions:
}
info-answer = { $answer ->
    [once] Granted by { $by } on { $time }, for exactly this content, in this workspace and until the daemon ends
    [granted] Granted by { $by } on { $time }, for exactly this content
   *[refused] Refused for good by { $by } on { $time }, for exactly this content
}
info-permission = { $permission }
info-risk = { $risk } risk: { $what }
info-reads-tls = to do so, Mycelium reads what its programs send there over TLS (network.readTls)
info-reason = its author says: “{ $reason }”
info-last-use = { $time ->
    [never] not seen in use
   *[other] last used { $time }
}
info-denial = not granted: { $permission }; { $reason }
info-agent-skill = Instructions: { $lines ->
        [one] one line
       *[other] { $lines } lines
    } in { $file }{ $starters ->
        [agents] , for agents only
        [people] , for people only
        [nobody] , for nobody
       *[both] {""}
    }
info-allowed-tools = asks agents to allow { $tools }; here that grants nothing
info-methods = { $count ->
    [0] Exported Methods: none
   *[other] Exported Methods:
}
info-method = { $signature }
info-detail = { $text }
info-hooks = { $count ->
    [0] Lifecycle Hooks: none
   *[other] Lifecycle Hooks:
}
info-hook = { $hook }: implemented

# What can go wrong with a permission.

risk-filesystem-read = what it reads can leave with its result, or over the network if that is granted as well
risk-filesystem-write = files there can be lost, or become ones that somebody else runs or builds later
risk-environment = variables can hold tokens and passwords
risk-network = everything that it can read can be sent there
risk-process = these programs do with its rights whatever it tells them to
risk-mcp = these tools run outside the sandbox, with all the rights they have
risk-skill = these skills act with their own grants
risk-git = history holds what was deleted, and hooks run outside the sandbox
risk-secret = it can do there whatever the secret opens
risk-context = a conversation can hold anything

# Why a permission is not granted.

denial-workspace-untrusted = the workspace is not trusted (see `mycelium trust`)
denial-not-granted = nobody has granted it (see `mycelium trust SKILL`)
denial-refused = you have refused it for good (see `mycelium revoke SKILL`)
denial-outside-bounds = the configuration lets nobody grant it (see `mycelium config get security.grants`)
denial-own-folder = the path is in or above a folder of Mycelium itself, where secrets and answers are
denial-protected-path = the path is protected and has to be named by itself
denial-covers-workspace = the path is the workspace itself or above it
denial-leaves-workspace = a link leads out of the workspace
denial-missing = there is nothing to read
denial-too-large = there is too much below it to keep what is protected, such as `.git`, as it is
denial-unsupported = this version cannot grant it

# exec.

call-result = Result: { $result }
call-time = Execution completed in { $time }
call-details = Attempts: { $attempts }, processor time: { $cpu }, memory: { $memory }, correlation ID: { $id }

# trace.

trace-shown = { $access ->
    [write] While it is traced, the skill can read and change the workspace.
   *[read] While it is traced, the skill can read the workspace.
}
trace-observed = { $count ->
    [0] It used nothing that takes a permission.
   *[other] What it used and tried:
}
trace-use = { $verdict ->
    [refused] refused: { $operation } { $what }
   *[allowed] { $operation } { $what }
}
trace-unused = Asked for and not used:
trace-missing = Used or tried and not asked for:
trace-unseen = Asked for, and kept because nobody can see whether it is used:
trace-incomplete = It did more than is kept of one call: something may be missing above, or be listed as not used.
trace-equal = The manifest asks for what was used and tried, and nothing else.

# activate, deactivate, reload, unload, reset.

changed-activate = Skill { $skill } is { $state }
unchanged-activate = Skill { $skill } was { $state } already
changed-deactivate = Skill { $skill } is { $state }
unchanged-deactivate = Skill { $skill } was { $state } already
changed-reload = Hot reload completed in { $time }
unchanged-reload = Skill { $skill } has not changed and was started anew in { $time }
changed-unload = Skill { $skill } unloaded in { $time }
unchanged-unload = Skill { $skill } was not running
changed-reset = Circuit of { $skill } closed
unchanged-reset = Circuit of { $skill } was closed already
unload-time = Total cleanup time: { $time }

# metrics.

metrics = Skill Infrastructure Metrics (last { $minutes } minutes):
    .loads = Load Performance:
    .load-average = Average load time: { $load-average }
    .load-p95 = 95th percentile: { $load-p95 }
    .cache-rate = Cache hit rate: { $cache-rate }
    .calls = Execution Performance:
    .call-count = Total executions: { $calls }
    .call-average = Average execution time: { $call-average }
    .call-p95 = 95th percentile: { $call-p95 }
    .resources = Resource Usage:
    .active = Active skills: { $active }
    .memory = Total memory: { $memory }
    .cpu = Average CPU per execution: { $cpu }
    .failures = Error Rates:
    .errors = Total errors: { $errors }
    .error-rate = Error rate: { $error-rate }

# ps.

ps-processes = Daemon: process { $daemon }, launcher: { $launcher ->
    [none] none
   *[other] process { $launcher }
}, warm workers: { $warm }
ps-empty = No skill runs.
ps-usage = Process { $pid }, { $skill } uses:
ps-table =
    .pid = PID
    .skill = SKILL
    .version = VERSION
    .session = SESSION
    .state = STATE
    .engine = ENGINE
    .memory = MEMORY
    .cpu = CPU
    .calls = CALLS
    .workspace = WORKSPACE

# trust, revoke.

trust-workspace = Trust the workspace { $workspace }? Its own skills may then use the workspace paths they declare.
trust-skill = { $method ->
    [none] { $skill } from { $source } asks for:
   *[other] To run `{ $method }`, { $skill } from { $source } asks for:
}
trust-question = Grant all of this until the skill changes? `mycelium revoke { $skill }` takes it back.
trust-choice = { $question } [y/N]{" "}
trust-choice-skill = { $question } [y/N/once/never]{" "}
trust-before = Another version of it was granted:
trust-added = + { $permission }
trust-removed = - { $permission } (no longer asked for)
trust-lent-skill = Skill { $subject } is granted what it asks for in this workspace, until the daemon ends
trust-refused-skill = { $change ->
    [changed] Skill { $subject } is refused what it asks for until it changes
   *[unchanged] Skill { $subject } was refused what it asks for already
}
trust-declined = Nothing was granted.
trust-trusted-workspace = { $change ->
    [changed] Workspace { $subject } is trusted
   *[unchanged] Workspace { $subject } was trusted already
}
trust-trusted-skill = { $change ->
    [changed] Skill { $subject } is granted what it asks for
   *[unchanged] Skill { $subject } was granted what it asks for already
}
trust-revoked-workspace = { $change ->
    [changed] Workspace { $subject } is no longer trusted
   *[unchanged] Workspace { $subject } was not trusted
}
trust-revoked-skill = { $change ->
    [changed] Skill { $subject } is no longer granted anything
   *[unchanged] Skill { $subject } was not granted anything
}

# pack.

pack-done = Packed { $skill } into { $file } ({ $bytes ->
    [one] 1 byte
   *[other] { $bytes } bytes
})

# validate.

validate-valid = { $skill } is valid{ $warnings ->
    [0] {""}
    [one] {" "}(1 warning)
   *[other] {" "}({ $warnings } warnings)
}
validate-invalid = { $path } is not valid: { $errors ->
    [one] 1 error
   *[other] { $errors } errors
}, { $warnings ->
    [one] 1 warning
   *[other] { $warnings } warnings
}

# config.

config-table =
    .key = KEY
    .value = VALUE
    .origin = ORIGIN
config-hidden = (hidden)
config-set = { $key } = { $value } in { $file }
config-unset = { $key } is no longer set in { $file }
config-not-set = { $key } was not set in { $file }
config-secret-question = Value of { $name } (not shown)
config-secret-prompt = { $question }:{" "}
config-secret-set = Secret { $name } is stored
config-secret-unset = Secret { $name } is forgotten
config-secret-not-set = Secret { $name } was not stored
config-secrets-none = No secret is stored.
config-files =
    .layer = LAYER
    .exists = EXISTS
    .file = FILE
    .yes = yes
    .no = no

# explain.

explain =
    .status = Exit status: { $status }
    .retryable = The same command may succeed later.
    .remedy = Remediation: { $remedy }
explain-table =
    .code = CODE
    .status = EXIT
    .meaning = MEANING

# daemon.

daemon-status = Daemon: process { $pid }, version { $version }, up { $uptime }
    Clients: { $clients }
    Running skills: { $instances }
    Metrics: { $metrics }
    Requests: { $requests }
daemon-runs = The daemon runs (process { $pid }, version { $version })
daemon-stopped = The daemon has stopped (process { $pid })
daemon-absent = The daemon does not run
session-closed = The session { $session } has ended
daemon-no-log = There is no log yet: { $path }

# doctor.

doctor-status = { $status ->
    [good] ok
    [caution] warning
   *[bad] FAILED
}
doctor-line = { $status } { $name }: { $detail }
doctor-good = Everything works.
doctor-caution = Everything works; some things could be better.
doctor-bad = Something does not work.
doctor-sandbox = sandbox
doctor-sandbox-holds = { $rung } (kernel { $kernel }; { $layers })
doctor-sandbox-reduced = { $rung } (kernel { $kernel }; { $layers }). Why: { $reason }
    .help = Skills run here only if `security.requiredRung`, or `security.trustedRequiredRung` for those you trust, asks for no more.
doctor-sandbox-fails = { $reason }
doctor-attacks = attacks on the sandbox
doctor-attacks-refused = all { $count } were refused
doctor-attacks-succeeded = these succeeded: { $attacks }
    .help = The sandbox does not hold here. Do not run skills you do not trust, and report this as a defect.
doctor-folder = folder for { $kind ->
    [state] state
    [cache] packages
    [data] data of skills
   *[sockets] the socket
}
doctor-folder-good = { $path }
doctor-folder-bad = { $path } cannot be written: { $reason }
    .help = Change the folder's permissions, or name another one in the environment (XDG_STATE_HOME, XDG_CACHE_HOME, XDG_DATA_HOME, XDG_RUNTIME_DIR).
doctor-disk = disk space
doctor-disk-good = { $free }MB free at { $path }
doctor-disk-low = only { $free }MB free at { $path }
    .help = Packages, logs and the registry need space; remove what you do not need.
doctor-daemon = daemon
doctor-daemon-runs = runs (process { $pid }, version { $version })
doctor-daemon-absent = does not run; the first command starts it
doctor-daemon-bad = { $reason }
    .help = Run `mycelium daemon logs` to see what happened, or add --no-daemon to run without it.

# demo.

demo-setup = Setup: a project of its own, trusted
demo-step-1 = Step 1: Create a sample skill
demo-step-2 = Step 2: Load and discover skills
demo-step-3 = Step 3: Inspect skill details
demo-step-4 = Step 4: Execute skill methods
demo-step-5 = Step 5: Monitor performance
demo-step-6 = Step 6: Test error handling
demo-step-7 = Step 7: Test hot reload
demo-step-8 = Step 8: Security controls
demo-cleanup = Cleanup
demo-wrote = Wrote { $path }
demo-complaint = !!! { $complaint }
demo-good = All steps did what they should.
demo-bad = { $count ->
    [one] One thing was not as it should be; it is marked with !!! above.
   *[other] { $count } things were not as they should be; they are marked with !!! above.
}
demo-kept = The folder is kept: { $path }
demo-port = Port 9090 is taken; the metrics of the demo are on port { $port }.
demo-slow = Step 6 waits 30 seconds for a time limit; --fast makes that 2.
demo-fast = The time limit of step 6 is 2 seconds instead of 30.

# The shell.

shell-welcome = Mycelium { $version }. Type `help` for the commands, `exit` to leave.
shell-no-history = The history cannot be kept: { $reason }

# Defects.

defect-version = Version: { $version }
