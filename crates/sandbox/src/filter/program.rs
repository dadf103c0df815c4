//! The filter of workers that are programs of their own.
//!
//! What such a program needs nobody can list: it is any program, and its threads, its machine code and its
//! sockets are its own business in a sandbox that leads nowhere. So this is a list of what is refused: what
//! would change the sandbox, reaches the kernel's less travelled parts, or escapes a limit. Everything else
//! is left to the namespaces, the mounts and Landlock.

use super::Answer::Allow;
use super::Answer::Refuse;
use super::Answer::Tell;
use super::Answer::Watch;
use super::Case;
use super::Filter;
use super::Rule;
use super::Test;
use super::embedded::ABSENT;
use super::embedded::FCHMODAT2;
#[cfg(target_arch = "aarch64")]
use super::embedded::RENAMEAT;
use super::embedded::SHARED_MEMORY;
use super::embedded::TELL;
use super::embedded::Table;
use super::embedded::WATCHED_CALL;
use super::embedded::bits;
use super::embedded::but;
use super::embedded::case;
use super::embedded::int;
use super::embedded::null;
use super::embedded::only;

/// The filter of workers that are to become, or start, a program of their own.
pub(crate) const PROGRAM: Filter = Filter {
    tables: &[
        PRIVILEGED,
        OLD_PRIVILEGED,
        LIMITED,
        WATCHED,
        OLD_WATCHED,
        ABSENT,
    ],
    unlisted: Allow,
    last: libc::SYS_mseal,
    newer: Refuse(libc::ENOSYS),
};

/// What is put on top of [`PROGRAM`] at the moment the program begins, when the last own code has run.
pub(crate) const SEALED: Filter = Filter {
    tables: &[SEAL],
    unlisted: Allow,
    last: libc::SYS_mseal,
    newer: Allow,
};

/// The same for a program that may start no processes.
pub(crate) const SEALED_ALONE: Filter = Filter {
    tables: &[SEAL, ALONE],
    unlisted: Allow,
    last: libc::SYS_mseal,
    newer: Allow,
};

/// Refused and nobody told: what programs and their libraries try by the way, and do without.
const NO: Rule = Rule::Always(Refuse(libc::EPERM));

/// Watched, unless a case applies.
const fn watched_but(cases: &'static [Case]) -> Rule {
    Rule::Cases {
        cases,
        otherwise: Watch,
    }
}

/// The options of a socket that load a program.
const SOCKET_PROGRAMS: [[Test; 2]; 4] = [
    socket_option(libc::SO_ATTACH_FILTER),
    socket_option(libc::SO_ATTACH_BPF),
    socket_option(libc::SO_ATTACH_REUSEPORT_CBPF),
    socket_option(libc::SO_ATTACH_REUSEPORT_EBPF),
];

const fn socket_option(name: libc::c_int) -> [Test; 2] {
    [int(1, libc::SOL_SOCKET as u64), int(2, name as u64)]
}

/// A type of sockets, beside which the argument has flags.
const fn socket_type(argument: u32, name: libc::c_int) -> Test {
    Test {
        argument,
        mask: 0xF,
        value: name as u64,
    }
}

/// The protocols of the internet that everybody uses.
const INTERNET: [[Test; 2]; 8] = [
    internet(libc::AF_INET, 0),
    internet(libc::AF_INET, libc::IPPROTO_TCP),
    internet(libc::AF_INET, libc::IPPROTO_UDP),
    internet(libc::AF_INET, libc::IPPROTO_ICMP),
    internet(libc::AF_INET6, 0),
    internet(libc::AF_INET6, libc::IPPROTO_TCP),
    internet(libc::AF_INET6, libc::IPPROTO_UDP),
    internet(libc::AF_INET6, libc::IPPROTO_ICMPV6),
];

const fn internet(family: libc::c_int, protocol: libc::c_int) -> [Test; 2] {
    [int(0, family as u64), int(2, protocol as u64)]
}

/// What takes privileges, or reaches parts of the kernel that a program in a sandbox has no business with.
const PRIVILEGED: Table = &[
    // Other processes' memory and descriptors.
    (libc::SYS_ptrace, TELL),
    (libc::SYS_process_vm_readv, TELL),
    (libc::SYS_process_vm_writev, TELL),
    (libc::SYS_process_madvise, NO),
    (libc::SYS_process_mrelease, TELL),
    (libc::SYS_pidfd_getfd, TELL),
    (libc::SYS_kcmp, NO),
    // Namespaces, mounts, roots.
    (libc::SYS_unshare, TELL),
    (libc::SYS_setns, TELL),
    (libc::SYS_mount, TELL),
    (libc::SYS_umount2, TELL),
    (libc::SYS_pivot_root, TELL),
    (libc::SYS_chroot, TELL),
    (libc::SYS_open_tree, TELL),
    (libc::SYS_move_mount, TELL),
    (libc::SYS_mount_setattr, TELL),
    (libc::SYS_fsopen, TELL),
    (libc::SYS_fsconfig, TELL),
    (libc::SYS_fsmount, TELL),
    (libc::SYS_fspick, TELL),
    (libc::SYS_name_to_handle_at, NO),
    (libc::SYS_open_by_handle_at, TELL),
    (libc::SYS_quotactl, TELL),
    (libc::SYS_quotactl_fd, TELL),
    (libc::SYS_fanotify_init, TELL),
    (libc::SYS_fanotify_mark, TELL),
    // Keys, programs in the kernel, its log, its clock, its modules.
    (libc::SYS_keyctl, TELL),
    (libc::SYS_add_key, TELL),
    (libc::SYS_request_key, TELL),
    (libc::SYS_bpf, TELL),
    (libc::SYS_perf_event_open, TELL),
    (libc::SYS_userfaultfd, TELL), // makes races in the kernel easy to win
    (libc::SYS_syslog, TELL),
    (libc::SYS_acct, TELL),
    (libc::SYS_adjtimex, NO),
    (libc::SYS_clock_adjtime, NO),
    (libc::SYS_clock_settime, TELL),
    (libc::SYS_settimeofday, TELL),
    (libc::SYS_init_module, TELL),
    (libc::SYS_finit_module, TELL),
    (libc::SYS_delete_module, TELL),
    (libc::SYS_kexec_load, TELL),
    (libc::SYS_kexec_file_load, TELL),
    (libc::SYS_reboot, TELL),
    (libc::SYS_swapon, TELL),
    (libc::SYS_swapoff, TELL),
    (libc::SYS_vhangup, TELL),
    (libc::SYS_sethostname, TELL),
    (libc::SYS_setdomainname, TELL),
    // One that comes after others would choose the processor that is left to them.
    (libc::SYS_sched_setaffinity, NO),
    // Pages on another node.
    (libc::SYS_move_pages, NO),
    (libc::SYS_migrate_pages, NO),
    // Another personality brings another layout of memory; asking which it is does no harm.
    (
        libc::SYS_personality,
        only(&[
            case(&[int(0, 0)], Allow),
            case(&[int(0, 0xFFFF_FFFF)], Allow),
        ]),
    ),
    // Programs in the kernel, by way of a socket.
    (
        libc::SYS_setsockopt,
        but(&[
            case(&SOCKET_PROGRAMS[0], Tell),
            case(&SOCKET_PROGRAMS[1], Tell),
            case(&SOCKET_PROGRAMS[2], Tell),
            case(&SOCKET_PROGRAMS[3], Tell),
        ]),
    ),
    // Text into a terminal, and having one at all.
    (
        libc::SYS_ioctl,
        but(&[
            case(&[int(1, libc::TIOCSTI)], Tell),
            case(&[int(1, libc::TIOCLINUX)], Tell),
            case(&[int(1, libc::TIOCSCTTY)], Refuse(libc::EPERM)),
        ]),
    ),
    // The death signal ties the worker to its launcher.
    (
        libc::SYS_prctl,
        but(&[
            case(
                &[int(0, libc::PR_SET_PDEATHSIG as u64)],
                Refuse(libc::EPERM),
            ),
            case(&[int(0, libc::PR_SET_MM as u64)], Refuse(libc::EPERM)),
            case(&[int(0, libc::PR_SET_PTRACER as u64)], Refuse(libc::EPERM)),
        ]),
    ),
];

/// The same among the calls that only some machines have.
#[cfg(target_arch = "x86_64")]
const OLD_PRIVILEGED: Table = &[
    (libc::SYS_ioperm, TELL),
    (libc::SYS_iopl, TELL),
    (libc::SYS_modify_ldt, NO),
    (libc::SYS_uselib, NO),
    (libc::SYS__sysctl, NO),
];
#[cfg(target_arch = "aarch64")]
const OLD_PRIVILEGED: Table = &[];

/// What is about a path or an address. Looking a path up, as `stat` does, is not: it is too frequent, and
/// what is not to be seen is simply not there. Neither is what is done to a file by a descriptor: who has one has
/// opened it.
const WATCHED: Table = &[
    (libc::SYS_openat, WATCHED_CALL),
    (libc::SYS_openat2, WATCHED_CALL),
    (libc::SYS_execve, WATCHED_CALL),
    (libc::SYS_execveat, WATCHED_CALL),
    (libc::SYS_connect, WATCHED_CALL),
    (libc::SYS_unlinkat, WATCHED_CALL),
    (libc::SYS_mkdirat, WATCHED_CALL),
    (libc::SYS_mknodat, WATCHED_CALL),
    (libc::SYS_renameat2, WATCHED_CALL),
    (libc::SYS_linkat, WATCHED_CALL),
    (libc::SYS_symlinkat, WATCHED_CALL),
    (libc::SYS_truncate, WATCHED_CALL),
    (libc::SYS_fchmodat, WATCHED_CALL),
    (FCHMODAT2, WATCHED_CALL),
    (libc::SYS_fchownat, WATCHED_CALL),
    // Without a path it is about the descriptor.
    (libc::SYS_utimensat, watched_but(&[case(&[null(1)], Allow)])),
    (libc::SYS_setxattr, WATCHED_CALL),
    (libc::SYS_lsetxattr, WATCHED_CALL),
    (libc::SYS_removexattr, WATCHED_CALL),
    (libc::SYS_lremovexattr, WATCHED_CALL),
    // Without an address it goes where the socket is connected to, and is frequent. So are `sendmsg` and `sendmmsg`, of
    // which no filter can see whether they have one.
    (libc::SYS_sendto, watched_but(&[case(&[null(4)], Allow)])),
];

/// The forms that only some machines have.
#[cfg(target_arch = "x86_64")]
const OLD_WATCHED: Table = &[
    (libc::SYS_open, WATCHED_CALL),
    (libc::SYS_creat, WATCHED_CALL),
    (libc::SYS_unlink, WATCHED_CALL),
    (libc::SYS_rmdir, WATCHED_CALL),
    (libc::SYS_mkdir, WATCHED_CALL),
    (libc::SYS_mknod, WATCHED_CALL),
    (libc::SYS_rename, WATCHED_CALL),
    (libc::SYS_renameat, WATCHED_CALL),
    (libc::SYS_link, WATCHED_CALL),
    (libc::SYS_symlink, WATCHED_CALL),
    (libc::SYS_chmod, WATCHED_CALL),
    (libc::SYS_chown, WATCHED_CALL),
    (libc::SYS_lchown, WATCHED_CALL),
    (libc::SYS_utime, WATCHED_CALL),
    (libc::SYS_utimes, WATCHED_CALL),
    (libc::SYS_futimesat, WATCHED_CALL),
];
#[cfg(target_arch = "aarch64")]
const OLD_WATCHED: Table = &[(RENAMEAT, WATCHED_CALL)];

/// What would escape a limit or a namespace.
const LIMITED: Table = &[
    // Shared anonymous pages would not count against RLIMIT_DATA.
    (
        libc::SYS_mmap,
        but(&[case(&[bits(3, SHARED_MEMORY)], Refuse(libc::ENOMEM))]),
    ),
    // Space that is taken without writing, as in the embedded engine's filter.
    (libc::SYS_fallocate, Rule::Always(Refuse(libc::EOPNOTSUPP))),
    // Only families that a network namespace confines, with the protocols that everybody uses: the others are modules that the
    // kernel would load. Libraries try some and do without. Of netlink only the one that lists interfaces. Not
    // among them: local sockets. Whoever sees the file of one may connect, and neither a mount that is read-only
    // nor Landlock before its ABI 9 is in the way. Nobody is told: the C library tries one at every look-up of a
    // name or a user.
    (
        libc::SYS_socket,
        Rule::Cases {
            cases: &[
                case(&[int(0, libc::AF_UNIX as u64)], Refuse(libc::EPERM)),
                case(&INTERNET[0], Allow),
                case(&INTERNET[1], Allow),
                case(&INTERNET[2], Allow),
                case(&INTERNET[3], Allow),
                case(&INTERNET[4], Allow),
                case(&INTERNET[5], Allow),
                case(&INTERNET[6], Allow),
                case(&INTERNET[7], Allow),
                case(
                    &[int(0, libc::AF_INET as u64)],
                    Refuse(libc::EPROTONOSUPPORT),
                ),
                case(
                    &[int(0, libc::AF_INET6 as u64)],
                    Refuse(libc::EPROTONOSUPPORT),
                ),
                case(
                    &[
                        int(0, libc::AF_NETLINK as u64),
                        int(2, libc::NETLINK_ROUTE as u64),
                    ],
                    Allow,
                ),
            ],
            otherwise: Tell,
        },
    ),
    // Pairs of local sockets, of the types that stay with each other. One for datagrams sends to whatever file of a
    // socket it is told to, or connects to it, and the families without pairs make their sockets before they say so.
    (
        libc::SYS_socketpair,
        Rule::Cases {
            cases: &[
                case(
                    &[
                        int(0, libc::AF_UNIX as u64),
                        socket_type(1, libc::SOCK_STREAM),
                    ],
                    Allow,
                ),
                case(
                    &[
                        int(0, libc::AF_UNIX as u64),
                        socket_type(1, libc::SOCK_SEQPACKET),
                    ],
                    Allow,
                ),
            ],
            otherwise: Tell,
        },
    ),
    // Threads and processes, but none in new namespaces.
    (
        libc::SYS_clone,
        but(&[
            case(&[bits(0, libc::CLONE_NEWUSER as u64)], Tell),
            case(&[bits(0, libc::CLONE_NEWNS as u64)], Tell),
            case(&[bits(0, libc::CLONE_NEWPID as u64)], Tell),
            case(&[bits(0, libc::CLONE_NEWNET as u64)], Tell),
            case(&[bits(0, libc::CLONE_NEWIPC as u64)], Tell),
            case(&[bits(0, libc::CLONE_NEWUTS as u64)], Tell),
            case(&[bits(0, libc::CLONE_NEWCGROUP as u64)], Tell),
        ]),
    ),
];

/// No filter after this one.
const SEAL: Table = &[
    (libc::SYS_seccomp, NO),
    (
        libc::SYS_prctl,
        but(&[case(
            &[int(0, libc::PR_SET_SECCOMP as u64)],
            Refuse(libc::EPERM),
        )]),
    ),
];

/// Threads, and no processes.
#[cfg(target_arch = "x86_64")]
const ALONE: Table = &[
    (
        libc::SYS_clone,
        only(&[case(&[bits(0, libc::CLONE_THREAD as u64)], Allow)]),
    ),
    (libc::SYS_fork, NO),
    (libc::SYS_vfork, NO),
];
#[cfg(target_arch = "aarch64")]
const ALONE: Table = &[(
    libc::SYS_clone,
    only(&[case(&[bits(0, libc::CLONE_THREAD as u64)], Allow)]),
)];
