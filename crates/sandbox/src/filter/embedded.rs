//! The filter of workers whose engine is linked into this program.
//!
//! Such a worker has one thread and one process, runs no other program, makes no machine code, and
//! opens no socket: what it says to the world goes through the one it was born with. Everything that
//! is not listed here is refused.

use super::Answer;
use super::Answer::Allow;
use super::Answer::Refuse;
use super::Answer::Tell;
use super::Answer::Watch;
use super::Case;
use super::Filter;
use super::Rule;
use super::Test;

/// The filter of workers whose engine is linked into this program.
pub(crate) const EMBEDDED: Filter = Filter {
    tables: &[CALLS, OLD_CALLS, CREATIONS, OLD_CREATIONS, ATTEMPTS, ABSENT],
    unlisted: Refuse(libc::EPERM),
    last: libc::SYS_mseal,
    newer: Refuse(libc::ENOSYS),
};

pub(super) type Table = &'static [(libc::c_long, Rule)];

const YES: Rule = Rule::Always(Allow);
/// Refused, and the supervisor told: nothing does this by accident.
pub(super) const TELL: Rule = Rule::Always(Tell);
/// Allowed as far as mounts and Landlock go, and the supervisor told.
pub(super) const WATCHED_CALL: Rule = Rule::Always(Watch);
/// As if the kernel had never heard of it: programs have another way then.
const NO_SUCH_CALL: Rule = Rule::Always(Refuse(libc::ENOSYS));

/// An argument that is a C `int`, of which the kernel looks at the low half only.
pub(super) const fn int(argument: u32, value: u64) -> Test {
    Test {
        argument,
        mask: 0xFFFF_FFFF,
        value,
    }
}

/// All of these bits are set.
pub(super) const fn bits(argument: u32, mask: u64) -> Test {
    Test {
        argument,
        mask,
        value: mask,
    }
}

/// A pointer that is null.
pub(super) const fn null(argument: u32) -> Test {
    Test {
        argument,
        mask: u64::MAX,
        value: 0,
    }
}

pub(super) const fn case(tests: &'static [Test], answer: Answer) -> Case {
    Case { tests, answer }
}

pub(super) const fn only(cases: &'static [Case]) -> Rule {
    Rule::Cases {
        cases,
        otherwise: Refuse(libc::EPERM),
    }
}

pub(super) const fn but(cases: &'static [Case]) -> Rule {
    Rule::Cases {
        cases,
        otherwise: Allow,
    }
}

// The C library's table lacks these for some machines.
pub(crate) const FCHMODAT2: libc::c_long = 452;
#[cfg(target_arch = "aarch64")]
pub(crate) const RENAMEAT: libc::c_long = 38;

pub(super) const PROT_EXEC: u64 = libc::PROT_EXEC as u64;
pub(super) const SHARED_MEMORY: u64 = (libc::MAP_SHARED | libc::MAP_ANONYMOUS) as u64;
const CREATE: u64 = libc::O_CREAT as u64;
const SOL_SOCKET: u64 = libc::SOL_SOCKET as u64;

pub(super) const CALLS: Table = &[
    // Memory. Shared anonymous pages would not count against RLIMIT_DATA, and nothing here makes code.
    (
        libc::SYS_mmap,
        but(&[
            case(&[bits(3, SHARED_MEMORY)], Refuse(libc::ENOMEM)),
            case(&[bits(2, PROT_EXEC)], Refuse(libc::EPERM)),
        ]),
    ),
    (
        libc::SYS_mprotect,
        but(&[case(&[bits(2, PROT_EXEC)], Refuse(libc::EPERM))]),
    ),
    (libc::SYS_brk, YES),     // the allocator's heap; counts against RLIMIT_DATA
    (libc::SYS_madvise, YES), // the allocator gives pages back
    (libc::SYS_mremap, YES),  // large reallocations
    (libc::SYS_munmap, YES),
    // Descriptors it has: its socket, files it opened.
    (libc::SYS_read, YES),
    (libc::SYS_readv, YES),
    (libc::SYS_pread64, YES),
    (libc::SYS_preadv, YES),
    (libc::SYS_preadv2, YES),
    (libc::SYS_write, YES),
    (libc::SYS_writev, YES),
    (libc::SYS_pwrite64, YES),
    (libc::SYS_pwritev, YES),
    (libc::SYS_pwritev2, YES),
    (libc::SYS_lseek, YES),
    (libc::SYS_close, YES),
    (libc::SYS_close_range, YES),
    (libc::SYS_dup, YES),
    (libc::SYS_dup3, YES),
    (libc::SYS_ppoll, YES), // waiting for its socket with a deadline
    (
        libc::SYS_fcntl,
        only(&[
            case(&[int(1, libc::F_DUPFD as u64)], Allow),
            case(&[int(1, libc::F_DUPFD_CLOEXEC as u64)], Allow),
            case(&[int(1, libc::F_GETFD as u64)], Allow),
            case(&[int(1, libc::F_SETFD as u64)], Allow),
            case(&[int(1, libc::F_GETFL as u64)], Allow),
            case(&[int(1, libc::F_SETFL as u64)], Allow),
            case(&[int(1, libc::F_GETLK as u64)], Allow),
            case(&[int(1, libc::F_SETLK as u64)], Allow),
            case(&[int(1, libc::F_SETLKW as u64)], Allow),
            case(&[int(1, libc::F_OFD_GETLK as u64)], Allow),
            case(&[int(1, libc::F_OFD_SETLK as u64)], Allow),
            case(&[int(1, libc::F_OFD_SETLKW as u64)], Allow),
        ]),
    ),
    (
        libc::SYS_ioctl,
        only(&[
            case(&[int(1, libc::FIONREAD)], Allow),
            case(&[int(1, libc::FIONBIO)], Allow),
            case(&[int(1, libc::FIOCLEX)], Allow),
            case(&[int(1, libc::FIONCLEX)], Allow),
            // "Is this a terminal?": it never is.
            case(&[int(1, libc::TCGETS)], Refuse(libc::ENOTTY)),
            case(&[int(1, libc::TIOCGWINSZ)], Refuse(libc::ENOTTY)),
        ]),
    ),
    // The socket it was born with. There is no call that makes another.
    (libc::SYS_sendto, YES),
    (libc::SYS_sendmsg, YES),
    (libc::SYS_recvfrom, YES),
    (libc::SYS_recvmsg, YES),
    (libc::SYS_shutdown, YES),
    (
        libc::SYS_getsockopt,
        only(&[case(
            &[int(1, SOL_SOCKET), int(2, libc::SO_ERROR as u64)],
            Allow,
        )]),
    ),
    (
        libc::SYS_setsockopt,
        only(&[
            case(
                &[int(1, SOL_SOCKET), int(2, libc::SO_RCVTIMEO as u64)],
                Allow,
            ),
            case(
                &[int(1, SOL_SOCKET), int(2, libc::SO_SNDTIMEO as u64)],
                Allow,
            ),
        ]),
    ),
    // Files and folders, within what the mounts and Landlock let it see.
    (libc::SYS_newfstatat, YES),
    (libc::SYS_fstat, YES),
    (libc::SYS_statx, YES),
    (libc::SYS_statfs, YES),
    (libc::SYS_fstatfs, YES),
    (libc::SYS_faccessat, YES),
    (libc::SYS_faccessat2, YES),
    (libc::SYS_readlinkat, YES),
    (libc::SYS_getdents64, YES),
    (libc::SYS_getcwd, YES),
    (libc::SYS_chdir, YES), // entering the workspace
    (libc::SYS_fchdir, YES),
    (libc::SYS_unlinkat, YES),
    (libc::SYS_fchmod, YES),
    (libc::SYS_fchmodat, YES),
    (FCHMODAT2, YES),
    (libc::SYS_fchown, YES), // the one user it can name is itself
    (libc::SYS_fchownat, YES),
    (libc::SYS_utimensat, YES),
    (libc::SYS_truncate, YES),
    (libc::SYS_ftruncate, YES),
    // Takes space in next to no time, which is what space is watched by.
    (libc::SYS_fallocate, Rule::Always(Refuse(libc::EOPNOTSUPP))),
    (libc::SYS_fsync, YES),
    (libc::SYS_fdatasync, YES),
    (libc::SYS_flock, YES),
    (libc::SYS_fadvise64, YES),
    (libc::SYS_copy_file_range, YES), // copying files
    (libc::SYS_sendfile, YES),        // copying files, second choice
    (libc::SYS_umask, YES),
    // Time.
    (libc::SYS_clock_gettime, YES),
    (libc::SYS_clock_getres, YES),
    (libc::SYS_clock_nanosleep, YES),
    (libc::SYS_gettimeofday, YES),
    (libc::SYS_nanosleep, YES),
    // Who and where am I.
    (libc::SYS_getpid, YES),
    (libc::SYS_getppid, YES),
    (libc::SYS_gettid, YES),
    (libc::SYS_getuid, YES),
    (libc::SYS_geteuid, YES),
    (libc::SYS_getgid, YES),
    (libc::SYS_getegid, YES),
    (libc::SYS_getgroups, YES),
    (libc::SYS_uname, YES),
    (libc::SYS_sysinfo, YES),
    (libc::SYS_times, YES),
    (libc::SYS_getrusage, YES),
    (libc::SYS_getpriority, YES),
    (libc::SYS_getcpu, YES),
    (libc::SYS_sched_getaffinity, YES), // the number of processors
    (libc::SYS_getrandom, YES),
    // Its limits may be read, not set.
    (
        libc::SYS_prlimit64,
        only(&[case(&[int(0, 0), null(2)], Allow)]),
    ),
    // The language runtime: locks, signals (a stack overflow is one), ending.
    (libc::SYS_futex, YES),
    (libc::SYS_sched_yield, YES),
    (libc::SYS_set_robust_list, YES),
    (libc::SYS_rseq, YES),
    (libc::SYS_sigaltstack, YES),
    (libc::SYS_rt_sigaction, YES),
    (libc::SYS_rt_sigprocmask, YES),
    (libc::SYS_rt_sigreturn, YES),
    (libc::SYS_restart_syscall, YES),
    (libc::SYS_tgkill, YES), // abort(); its process namespace has nobody else
    (libc::SYS_exit, YES),
    (libc::SYS_exit_group, YES),
    // Putting on Landlock, which only ever takes rights away. Not among these: the death signal.
    (libc::SYS_landlock_create_ruleset, YES),
    (libc::SYS_landlock_add_rule, YES),
    (libc::SYS_landlock_restrict_self, YES),
    (
        libc::SYS_prctl,
        only(&[
            case(&[int(0, libc::PR_SET_NO_NEW_PRIVS as u64)], Allow),
            case(&[int(0, libc::PR_GET_NO_NEW_PRIVS as u64)], Allow),
            case(&[int(0, libc::PR_SET_NAME as u64)], Allow),
            case(&[int(0, libc::PR_GET_NAME as u64)], Allow),
        ]),
    ),
];

/// What the C library still calls where newer forms exist.
#[cfg(target_arch = "x86_64")]
pub(super) const OLD_CALLS: Table = &[
    (libc::SYS_access, YES),
    (libc::SYS_chmod, YES),
    (libc::SYS_chown, YES),
    (libc::SYS_dup2, YES),
    (libc::SYS_futimesat, YES),
    (libc::SYS_lchown, YES),
    (libc::SYS_lstat, YES),
    (libc::SYS_poll, YES),
    (libc::SYS_readlink, YES),
    (libc::SYS_rmdir, YES),
    (libc::SYS_stat, YES),
    (libc::SYS_time, YES),
    (libc::SYS_unlink, YES),
    (libc::SYS_utime, YES),
    (libc::SYS_utimes, YES),
];
#[cfg(target_arch = "aarch64")]
pub(super) const OLD_CALLS: Table = &[];

/// What programs try first and have a second way for, or test the presence of.
pub(super) const ABSENT: Table = &[
    (libc::SYS_clone3, NO_SUCH_CALL), // its flags are behind a pointer, where no filter can look
    (libc::SYS_io_uring_setup, NO_SUCH_CALL), // would make calls that no filter sees
    (libc::SYS_io_uring_enter, NO_SUCH_CALL),
    (libc::SYS_io_uring_register, NO_SUCH_CALL),
    (libc::SYS_memfd_create, NO_SUCH_CALL), // memory that no limit of a process counts
    (libc::SYS_memfd_secret, NO_SUCH_CALL),
    (libc::SYS_shmget, NO_SUCH_CALL), // the same, System V style
    (libc::SYS_shmat, NO_SUCH_CALL),
    (libc::SYS_shmctl, NO_SUCH_CALL),
    (libc::SYS_shmdt, NO_SUCH_CALL),
    (libc::SYS_msgget, NO_SUCH_CALL),
    (libc::SYS_semget, NO_SUCH_CALL),
    (libc::SYS_mq_open, NO_SUCH_CALL),
];

/// What may make something that is not there yet. The supervisor makes it, where the worker may write.
const CREATIONS: Table = &[
    (libc::SYS_openat, but(&[case(&[bits(2, CREATE)], Watch)])),
    (libc::SYS_openat2, WATCHED_CALL), // its flags are behind a pointer
    (libc::SYS_mkdirat, WATCHED_CALL),
    (libc::SYS_linkat, WATCHED_CALL),
    (libc::SYS_symlinkat, WATCHED_CALL),
    (libc::SYS_renameat2, WATCHED_CALL),
];

/// The forms that only some machines have.
#[cfg(target_arch = "x86_64")]
const OLD_CREATIONS: Table = &[
    (libc::SYS_open, but(&[case(&[bits(1, CREATE)], Watch)])),
    (libc::SYS_mkdir, WATCHED_CALL),
    (libc::SYS_link, WATCHED_CALL),
    (libc::SYS_symlink, WATCHED_CALL),
    (libc::SYS_rename, WATCHED_CALL),
    (libc::SYS_renameat, WATCHED_CALL),
];
#[cfg(target_arch = "aarch64")]
const OLD_CREATIONS: Table = &[(RENAMEAT, WATCHED_CALL)];

/// Refused like everything that is not listed, but worth a word: the engine makes none of these calls, so
/// whoever does has got past it.
const ATTEMPTS: Table = &[
    (libc::SYS_execve, TELL),
    (libc::SYS_execveat, TELL),
    (libc::SYS_socket, TELL),
    (libc::SYS_connect, TELL),
    (libc::SYS_ptrace, TELL),
    (libc::SYS_process_vm_readv, TELL),
    (libc::SYS_process_vm_writev, TELL),
    (libc::SYS_pidfd_getfd, TELL),
    (libc::SYS_unshare, TELL),
    (libc::SYS_setns, TELL),
    (libc::SYS_mount, TELL),
    (libc::SYS_umount2, TELL),
    (libc::SYS_pivot_root, TELL),
    (libc::SYS_chroot, TELL),
    (libc::SYS_open_tree, TELL),
    (libc::SYS_move_mount, TELL),
    (libc::SYS_fsopen, TELL),
    (libc::SYS_open_by_handle_at, TELL),
    (libc::SYS_keyctl, TELL),
    (libc::SYS_add_key, TELL),
    (libc::SYS_request_key, TELL),
    (libc::SYS_bpf, TELL),
    (libc::SYS_perf_event_open, TELL),
    (libc::SYS_userfaultfd, TELL),
    (libc::SYS_init_module, TELL),
    (libc::SYS_finit_module, TELL),
    (libc::SYS_kexec_load, TELL),
    (libc::SYS_reboot, TELL),
];
