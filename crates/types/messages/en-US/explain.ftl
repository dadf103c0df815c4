# What the error codes mean, for `mycelium explain`. The remedies are in errors.ftl.

explain-usage =
    The command line cannot be understood: a command, option or argument is unknown, missing or
    of the wrong form. Nothing was done.
explain-skill-not-found =
    No skill of that name, or none in that range of versions, is known in this workspace.
explain-method-not-found =
    The skill is known but exports no method of that name. Only what its manifest lists under
    `exports` can be called.
explain-manifest-invalid =
    The skill's `skill.json`, or the code it names, is not valid. All problems are listed with
    file, line and column.
explain-config-invalid =
    A configuration file, a MYCELIUM_ variable or a --config option has a value that is not valid.
explain-arguments-invalid =
    The arguments do not fit the method: they are not JSON, too few, too many, or of the wrong type.
    The skill was not called.
explain-incompatible =
    The skill says that it does not work with this program, operating system or architecture, or
    it needs an engine that is not there.
explain-skill-load-error =
    The skill's code could not be loaded, or one of its lifecycle hooks failed.
explain-skill-execution-error =
    The skill's method threw an error, or the promise it returned was rejected.
explain-result-invalid =
    The method returned something JSON cannot represent: a function, a BigInt, or an object that
    contains itself.
explain-skill-timeout =
    The call took longer than its time limit, and its worker was ended. What the skill kept in
    memory is gone; the next call starts it anew.
explain-cpu-limit =
    The call used more processor time than it may, and its worker was ended.
explain-memory-limit =
    The skill used more memory than it may, and its worker was ended.
explain-file-limit =
    The skill had more files open at once than it may.
explain-output-limit =
    The call returned or printed more than it may.
explain-overloaded =
    Too many calls wait already, so this one was refused at once instead of waiting for long.
explain-circuit-breaker-open =
    The skill failed several times in a row in this session. Its calls are refused for a while,
    so that it cannot hold others up; after that one call is let through to see whether it
    works again.
explain-security-violation =
    The skill tried something that it was not granted, was refused by the sandbox, and the call
    ended in an error. The attempt is in the audit log.
explain-sandbox-unavailable =
    This machine's kernel, or the container around it, cannot enforce the sandbox that is required,
    so the skill does not run at all.
explain-permission-required =
    The skill asks for something that nobody has granted yet.
explain-skill-deactivated =
    The skill was deactivated and refuses calls until it is activated.
explain-illegal-transition =
    The skill is in a state in which the command makes no sense.
explain-dependency-conflict =
    No set of versions satisfies everything that asks for a package.
explain-dependency-cycle =
    Dependencies need each other, so that none can be first.
explain-dependency-unavailable =
    A package could not be got: the registry does not answer or does not have it, there is no
    network, or it cannot be stored.
explain-dependency-integrity =
    A package is not what the lock or the registry says it is. It was not stored or used.
explain-worker-crashed =
    The process that ran the skill ended in the middle of its work. What the skill kept in memory is
    gone; the next call starts it anew.
explain-daemon-unavailable =
    The daemon could not be reached or started, or ended in the middle of the command.
explain-state-unavailable =
    Files of the program itself cannot be read or written: a full disk, or a folder without
    permission.
explain-interrupted =
    The command was interrupted with Ctrl-C. A call that ran was ended.
explain-internal =
    Something happened that should not be possible.
explain-signature-missing =
    The skill comes from elsewhere, the configuration demands a signature of such skills, and it has
    none.
