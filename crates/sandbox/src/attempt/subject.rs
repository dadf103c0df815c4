//! Which system calls are looked at, and what their arguments mean.

use crate::attempt::AttemptKind;
use crate::filter::FCHMODAT2;

/// What a system call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A path in the worker's memory, relative to a descriptor.
    Path(Place),
    /// A path whose use is said by flags in the worker's memory, as `openat2` has them.
    PathWithFlags {
        folder: i32,
        address: u64,
        flags: u64,
    },
    /// A socket's address in the worker's memory.
    Address {
        kind: AttemptKind,
        address: u64,
        length: u64,
    },
    /// What only a privileged process may do.
    Privilege,
}

/// A path in the worker's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: AttemptKind,
    /// The folder it starts from: a descriptor, or [`libc::AT_FDCWD`].
    pub(super) folder: i32,
    pub(super) address: u64,
    pub(super) last: Last,
}

/// What the last name of a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// What a link of this name leads to.
    Target,
    /// The same, which is not made if it is not there.
    Present,
    /// The link itself.
    Name,
    /// The same, which is not made if it is not there.
    PresentName,
    /// Something that is not there yet.
    New,
}

/// What the call with this number is about with these arguments: nothing, one thing or two.
pub(super) fn subjects(call: libc::c_long, arguments: &[u64; 6]) -> Vec<Subject> {
    use AttemptKind::Execute;
    let at = |kind, last, folder: usize| {
        Subject::Path(Place {
            kind,
            folder: arguments[folder] as i32,
            address: arguments[folder + 1],
            last,
        })
    };
    let write = |last, folder| at(AttemptKind::Write, last, folder);
    match call {
        libc::SYS_openat => opened(arguments[2])
            .map(|(kind, last)| at(kind, last, 0))
            .into_iter()
            .collect(),
        libc::SYS_openat2 => vec![Subject::PathWithFlags {
            folder: arguments[0] as i32,
            address: arguments[1],
            flags: arguments[2],
        }],
        libc::SYS_execve => vec![here(Execute, Last::Target, arguments[0])],
        libc::SYS_execveat => vec![at(Execute, Last::Target, 0)],
        libc::SYS_connect => vec![Subject::Address {
            kind: AttemptKind::Connect,
            address: arguments[1],
            length: arguments[2],
        }],
        libc::SYS_sendto => vec![Subject::Address {
            kind: AttemptKind::Send,
            address: arguments[4],
            length: arguments[5],
        }],
        libc::SYS_unlinkat => vec![write(Last::Name, 0)],
        libc::SYS_mkdirat | libc::SYS_mknodat => vec![write(Last::New, 0)],
        libc::SYS_renameat2 => vec![write(Last::Name, 0), write(Last::Name, 2)],
        libc::SYS_linkat => vec![write(Last::Name, 0), write(Last::New, 2)],
        libc::SYS_symlinkat => vec![write(Last::New, 1)],
        libc::SYS_truncate | libc::SYS_setxattr | libc::SYS_removexattr => {
            vec![here(AttemptKind::Write, Last::Present, arguments[0])]
        }
        libc::SYS_lsetxattr | libc::SYS_lremovexattr => {
            vec![here(AttemptKind::Write, Last::PresentName, arguments[0])]
        }
        libc::SYS_fchmodat => vec![write(Last::Present, 0)],
        FCHMODAT2 | libc::SYS_utimensat => vec![write(followed(arguments[3]), 0)],
        libc::SYS_fchownat => vec![write(followed(arguments[4]), 0)],
        _ => old(call, arguments).unwrap_or_else(|| vec![Subject::Privilege]),
    }
}

/// What the last name stands for, with these flags of a call that changes what is there.
fn followed(flags: u64) -> Last {
    match flags as i32 & libc::AT_SYMLINK_NOFOLLOW {
        0 => Last::Present,
        _ => Last::PresentName,
    }
}

fn here(kind: AttemptKind, last: Last, address: u64) -> Subject {
    Subject::Path(Place {
        kind,
        folder: libc::AT_FDCWD,
        address,
        last,
    })
}

/// The forms that only some machines have.
#[cfg(target_arch = "x86_64")]
fn old(call: libc::c_long, arguments: &[u64; 6]) -> Option<Vec<Subject>> {
    let write = |last, address: usize| here(AttemptKind::Write, last, arguments[address]);
    let at = |last, folder: usize| {
        Subject::Path(Place {
            kind: AttemptKind::Write,
            folder: arguments[folder] as i32,
            address: arguments[folder + 1],
            last,
        })
    };
    Some(match call {
        libc::SYS_open => opened(arguments[1])
            .map(|(kind, last)| here(kind, last, arguments[0]))
            .into_iter()
            .collect(),
        libc::SYS_creat => vec![write(Last::Target, 0)],
        libc::SYS_unlink | libc::SYS_rmdir => vec![write(Last::Name, 0)],
        libc::SYS_mkdir | libc::SYS_mknod => vec![write(Last::New, 0)],
        libc::SYS_rename => vec![write(Last::Name, 0), write(Last::Name, 1)],
        libc::SYS_renameat => vec![at(Last::Name, 0), at(Last::Name, 2)],
        libc::SYS_link => vec![write(Last::Name, 0), write(Last::New, 1)],
        libc::SYS_symlink => vec![write(Last::New, 1)],
        libc::SYS_chmod | libc::SYS_chown | libc::SYS_utime | libc::SYS_utimes => {
            vec![write(Last::Present, 0)]
        }
        libc::SYS_lchown => vec![write(Last::PresentName, 0)],
        libc::SYS_futimesat => vec![at(Last::Present, 0)],
        _ => return None,
    })
}

#[cfg(target_arch = "aarch64")]
fn old(call: libc::c_long, arguments: &[u64; 6]) -> Option<Vec<Subject>> {
    let at = |folder: usize| {
        Subject::Path(Place {
            kind: AttemptKind::Write,
            folder: arguments[folder] as i32,
            address: arguments[folder + 1],
            last: Last::Name,
        })
    };
    (call == crate::filter::RENAMEAT).then(|| vec![at(0), at(2)])
}

/// What opening a file with these flags is; nothing for a mere name of it.
pub(super) fn opened(flags: u64) -> Option<(AttemptKind, Last)> {
    let flags = flags as i32;
    if flags & libc::O_PATH != 0 {
        return None;
    }
    let changes =
        flags & libc::O_ACCMODE != libc::O_RDONLY || flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    let kind = match changes {
        true => AttemptKind::Write,
        false => AttemptKind::Read,
    };
    let last = match flags & libc::O_NOFOLLOW {
        0 => Last::Target,
        _ => Last::Name,
    };
    Some((kind, last))
}

/// The name of a call that takes privileges, for people.
pub(super) fn name(call: libc::c_long) -> String {
    let known = match call {
        libc::SYS_ptrace => "ptrace",
        libc::SYS_process_vm_readv => "process_vm_readv",
        libc::SYS_process_vm_writev => "process_vm_writev",
        libc::SYS_pidfd_getfd => "pidfd_getfd",
        libc::SYS_unshare => "unshare",
        libc::SYS_setns => "setns",
        libc::SYS_clone => "clone",
        libc::SYS_mount => "mount",
        libc::SYS_umount2 => "umount2",
        libc::SYS_pivot_root => "pivot_root",
        libc::SYS_chroot => "chroot",
        libc::SYS_open_tree => "open_tree",
        libc::SYS_move_mount => "move_mount",
        libc::SYS_fsopen => "fsopen",
        libc::SYS_open_by_handle_at => "open_by_handle_at",
        libc::SYS_bpf => "bpf",
        libc::SYS_perf_event_open => "perf_event_open",
        libc::SYS_userfaultfd => "userfaultfd",
        libc::SYS_keyctl => "keyctl",
        libc::SYS_add_key => "add_key",
        libc::SYS_request_key => "request_key",
        libc::SYS_init_module => "init_module",
        libc::SYS_finit_module => "finit_module",
        libc::SYS_kexec_load => "kexec_load",
        libc::SYS_reboot => "reboot",
        libc::SYS_process_mrelease => "process_mrelease",
        libc::SYS_mount_setattr => "mount_setattr",
        libc::SYS_fsconfig => "fsconfig",
        libc::SYS_fsmount => "fsmount",
        libc::SYS_fspick => "fspick",
        libc::SYS_quotactl => "quotactl",
        libc::SYS_quotactl_fd => "quotactl_fd",
        libc::SYS_fanotify_init => "fanotify_init",
        libc::SYS_fanotify_mark => "fanotify_mark",
        libc::SYS_syslog => "syslog",
        libc::SYS_acct => "acct",
        libc::SYS_clock_settime => "clock_settime",
        libc::SYS_settimeofday => "settimeofday",
        libc::SYS_delete_module => "delete_module",
        libc::SYS_kexec_file_load => "kexec_file_load",
        libc::SYS_swapon => "swapon",
        libc::SYS_swapoff => "swapoff",
        libc::SYS_vhangup => "vhangup",
        libc::SYS_sethostname => "sethostname",
        libc::SYS_setdomainname => "setdomainname",
        libc::SYS_setsockopt => "setsockopt",
        libc::SYS_ioctl => "ioctl",
        libc::SYS_socket => "socket",
        libc::SYS_socketpair => "socketpair",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_ioperm => "ioperm",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_iopl => "iopl",
        other => return format!("system call {other}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Answer;
    use crate::filter::EMBEDDED;
    use crate::filter::PROGRAM;

    #[test]
    fn opening_is_reading_writing_or_nothing() {
        let opened = |flags: i32| opened(flags as u64);
        for (flags, expected) in [
            (
                libc::O_RDONLY | libc::O_CLOEXEC,
                Some((AttemptKind::Read, Last::Target)),
            ),
            (
                libc::O_RDONLY | libc::O_CREAT,
                Some((AttemptKind::Write, Last::Target)),
            ),
            (
                libc::O_RDWR | libc::O_NOFOLLOW,
                Some((AttemptKind::Write, Last::Name)),
            ),
            (libc::O_PATH | libc::O_DIRECTORY, None),
        ] {
            assert_eq!(opened(flags), expected, "{flags:o}");
        }
    }

    #[test]
    fn a_call_is_about_its_paths() {
        let arguments = [5, 100, 6, 200, 0, 0];
        assert_eq!(
            subjects(libc::SYS_renameat2, &arguments),
            [(5, 100), (6, 200)].map(|(folder, address)| Subject::Path(Place {
                kind: AttemptKind::Write,
                folder,
                address,
                last: Last::Name,
            }))
        );
    }

    #[test]
    fn what_is_changed_must_be_there_and_may_be_a_link_itself() {
        let no_follow = libc::AT_SYMLINK_NOFOLLOW as u64;
        for (call, flags, last) in [
            (libc::SYS_utimensat, [0, 0], Last::Present),
            (libc::SYS_utimensat, [no_follow, 0], Last::PresentName),
            (FCHMODAT2, [no_follow, 0], Last::PresentName),
            (libc::SYS_fchownat, [no_follow, 0], Last::Present),
            (libc::SYS_fchownat, [0, no_follow], Last::PresentName),
            // The old one has no flags.
            (libc::SYS_fchmodat, [no_follow, no_follow], Last::Present),
        ] {
            let place = Place {
                kind: AttemptKind::Write,
                folder: 5,
                address: 100,
                last,
            };
            assert_eq!(
                subjects(call, &[5, 100, 0, flags[0], flags[1], 0]),
                [Subject::Path(place)],
                "{call}"
            );
        }
    }

    #[test]
    fn what_is_done_by_a_descriptor_is_not_told() {
        for (call, arguments) in [
            (libc::SYS_utimensat, [5, 0, 100, 0, 0, 0]),
            (libc::SYS_sendto, [5, 100, 1, 0, 0, 0]),
        ] {
            assert_eq!(PROGRAM.answer(call as u32, &arguments), Answer::Allow);
            let named = [5, 100, 100, 0, 100, 16];
            assert_eq!(PROGRAM.answer(call as u32, &named), Answer::Watch);
        }
    }

    #[test]
    fn pairs_of_local_sockets_are_those_that_reach_nobody_else() {
        let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        for (family, kind, answer) in [
            (libc::AF_UNIX, libc::SOCK_STREAM, Answer::Allow),
            (libc::AF_UNIX, libc::SOCK_STREAM | flags, Answer::Allow),
            (libc::AF_UNIX, libc::SOCK_SEQPACKET | flags, Answer::Allow),
            (libc::AF_UNIX, libc::SOCK_DGRAM, Answer::Tell),
            (libc::AF_UNIX, libc::SOCK_DGRAM | flags, Answer::Tell),
            // The kernel takes it for one of datagrams.
            (libc::AF_UNIX, libc::SOCK_RAW, Answer::Tell),
            (libc::AF_TIPC, libc::SOCK_STREAM, Answer::Tell),
        ] {
            let arguments = [family as u64, kind as u64, 0, 100, 0, 0];
            let call = libc::SYS_socketpair;
            assert_eq!(
                PROGRAM.answer(call as u32, &arguments),
                answer,
                "{family} {kind}"
            );
            assert_eq!(subjects(call, &arguments), [Subject::Privilege]);
        }
    }

    #[test]
    fn what_a_filter_tells_is_understood() {
        for filter in [&EMBEDDED, &PROGRAM] {
            for (call, _) in filter.tables.iter().copied().flatten() {
                let arguments = [u64::MAX; 6];
                let told = subjects(*call, &arguments);
                match filter.answer(*call as u32, &arguments) {
                    Answer::Watch => assert!(!told.contains(&Subject::Privilege), "{call}"),
                    Answer::Tell if told == [Subject::Privilege] => {
                        assert!(!name(*call).contains(' '), "{call}");
                    }
                    Answer::Tell
                    | Answer::Allow
                    | Answer::Refuse(_)
                    | Answer::Ask
                    | Answer::Kill => {}
                }
            }
        }
    }
}
