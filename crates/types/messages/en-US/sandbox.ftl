# What `doctor` says about the sandbox: each attack that a worker makes on its own one, and what helps
# where it does not hold.

attack-read-file = read a file that was not granted
attack-stat-file = see whether such a file exists
attack-read-users = read the host's list of users
attack-follow-link = read a file by way of a link
attack-process-root = read a file by way of /proc
attack-write-file = change a file that was not granted
attack-write-skill = change the skill's own code
attack-see-process = see another process
attack-signal = send another process a signal
attack-debug = control another process as a debugger does
attack-connect-loopback = connect to a server on this machine
attack-connect-abstract = connect to a local server without a file
attack-fork = start a process
attack-execute = run another program
attack-make-code = make machine code
attack-mount = mount a file system
attack-user-namespace = enter a user namespace
attack-memory-file = get uncounted memory as a file
attack-shared-memory = get uncounted memory as shared pages
attack-keys = use the kernel's keys
attack-kernel-program = load a program into the kernel
attack-call-queue = make system calls out of the filter's sight
attack-outlive = outlive the launcher
attack-raise-limit = raise a limit
attack-descriptor = use a descriptor that was left open
attack-environment = read the daemon's environment

remedy-raise-user-namespace-limit = The kernel allows no user namespaces. Allow them with `{ $command }`.
remedy-allow-user-namespaces = Only root may make user namespaces here. Allow them for everybody with `{ $command }`.
remedy-allow-user-namespaces-in-apparmor = AppArmor takes away the rights that a user namespace gives. Add a profile with `userns,` for mycelium, or allow them for everybody with `{ $command }`.
remedy-enable-landlock = The kernel's Landlock is missing or not enabled. It needs Linux 5.13 and `landlock` in the list of security modules on the kernel's command line: `{ $command }`.
remedy-delegate-memory = Memory is limited for each worker's own pages only, because no control group may be made. Start the daemon in a group of its own: `{ $command }`.
remedy-stop-interception = Nobody hears of what the kernel refuses, because a container's manager listens to system calls already, or the kernel cannot tell. Run it in a container without such interception (in Incus and LXD `{ $command }`), or outside of one.
remedy-uncover-proc = Workers have no `/proc`, because parts of it are hidden here, as in most containers. Show all of it, to everything in the container: `{ $command }`, with Podman `--security-opt unmask=ALL`, with Kubernetes `procMount: Unmasked`.
