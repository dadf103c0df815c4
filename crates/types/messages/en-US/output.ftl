# What commands print. Parts of the runtime are named in brackets, as the specification has it.

note = note: { $text }

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
    [outputMB] Skill execution exceeded output limit ({ $value }MB)
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
event-retrying = [RetryHandler] Trying { $skill } again after { $delay }ms (attempt { $attempt })
event-reload = [HotReload] Detected changes in { $skill }
event-download = [PackageManager] Stored { $package } ({ $done } of { $total })
progress-download = { $package }
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
violation-allowed-none = <none>
violation-blocked-all = { $operation ->
    [connect] all addresses
    [exec] all programs
   *[file] all system paths
}
violation-blocked-rest = all others
event-audit = [AuditLogger] SECURITY_VIOLATION: { $operation ->
    [connect] Unauthorized network access attempt
    [exec] Unauthorized program start attempt
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
