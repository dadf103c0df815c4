//! What a system call would make that is not there yet.

/// Something that a call makes, as its arguments say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    /// A file that is opened with these flags.
    File {
        at: Name,
        flags: i32,
        mode: u32,
    },
    /// The same, with flags and mode in the worker's memory, as `openat2` has them.
    FileAsDescribed {
        at: Name,
        description: u64,
        size: u64,
    },
    /// A file that is not opened.
    EmptyFile {
        at: Name,
        mode: u32,
    },
    Folder {
        at: Name,
        mode: u32,
    },
    /// A link that leads to the text at an address.
    Link {
        at: Name,
        target: u64,
    },
    /// A further name of a file.
    FurtherName {
        of: Name,
        at: Name,
        flags: i32,
    },
    /// Another name instead of the one that something has.
    NewName {
        of: Name,
        at: Name,
        flags: u32,
    },
}

/// A path in the worker's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The folder it starts from: a descriptor, or [`libc::AT_FDCWD`].
    pub(super) folder: i32,
    pub(super) address: u64,
}

/// What the call with this number makes with these arguments, if it makes anything.
pub(super) fn creation(call: libc::c_long, arguments: &[u64; 6]) -> Option<Creation> {
    let name = |folder: usize| Name {
        folder: arguments[folder] as i32,
        address: arguments[folder + 1],
    };
    match call {
        libc::SYS_openat => file(name(0), arguments[2], arguments[3]),
        libc::SYS_openat2 => Some(Creation::FileAsDescribed {
            at: name(0),
            description: arguments[2],
            size: arguments[3],
        }),
        libc::SYS_mkdirat => Some(folder(name(0), arguments[2])),
        libc::SYS_mknodat => empty_file(name(0), arguments[2]),
        libc::SYS_symlinkat => Some(Creation::Link {
            at: name(1),
            target: arguments[0],
        }),
        libc::SYS_linkat => Some(Creation::FurtherName {
            of: name(0),
            at: name(2),
            flags: arguments[4] as i32,
        }),
        libc::SYS_renameat2 => Some(Creation::NewName {
            of: name(0),
            at: name(2),
            flags: arguments[4] as u32,
        }),
        _ => old(call, arguments),
    }
}

/// What opening a file makes: nothing unless it is asked to, and nothing with a name if it is a file without one.
pub(super) fn file(at: Name, flags: u64, mode: u64) -> Option<Creation> {
    let flags = flags as i32;
    let is_made = flags & libc::O_CREAT != 0 && flags & (libc::O_PATH | libc::O_DIRECTORY) == 0;
    is_made.then_some(Creation::File {
        at,
        flags,
        mode: mode as u32,
    })
}

fn folder(at: Name, mode: u64) -> Creation {
    Creation::Folder {
        at,
        mode: mode as u32,
    }
}

/// No worker may make devices, pipes and sockets by a name.
fn empty_file(at: Name, mode: u64) -> Option<Creation> {
    let mode = mode as u32;
    matches!(mode & libc::S_IFMT, 0 | libc::S_IFREG).then_some(Creation::EmptyFile { at, mode })
}

/// The forms that only some machines have.
#[cfg(target_arch = "x86_64")]
fn old(call: libc::c_long, arguments: &[u64; 6]) -> Option<Creation> {
    let here = |address: usize| Name {
        folder: libc::AT_FDCWD,
        address: arguments[address],
    };
    let there = |folder: usize| Name {
        folder: arguments[folder] as i32,
        address: arguments[folder + 1],
    };
    let created = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
    match call {
        libc::SYS_open => file(here(0), arguments[1], arguments[2]),
        libc::SYS_creat => file(here(0), created as u64, arguments[1]),
        libc::SYS_mkdir => Some(folder(here(0), arguments[1])),
        libc::SYS_mknod => empty_file(here(0), arguments[1]),
        libc::SYS_symlink => Some(Creation::Link {
            at: here(1),
            target: arguments[0],
        }),
        libc::SYS_link => Some(Creation::FurtherName {
            of: here(0),
            at: here(1),
            flags: 0,
        }),
        libc::SYS_rename => Some(Creation::NewName {
            of: here(0),
            at: here(1),
            flags: 0,
        }),
        libc::SYS_renameat => Some(Creation::NewName {
            of: there(0),
            at: there(2),
            flags: 0,
        }),
        _ => None,
    }
}

#[cfg(target_arch = "aarch64")]
fn old(call: libc::c_long, arguments: &[u64; 6]) -> Option<Creation> {
    let there = |folder: usize| Name {
        folder: arguments[folder] as i32,
        address: arguments[folder + 1],
    };
    (call == crate::filter::RENAMEAT).then(|| Creation::NewName {
        of: there(0),
        at: there(2),
        flags: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Answer;
    use crate::filter::EMBEDDED;
    use crate::filter::PROGRAM;

    fn name(folder: i32, address: u64) -> Name {
        Name { folder, address }
    }

    #[test]
    fn opening_makes_a_file_only_if_it_is_asked_to() {
        let made = |flags: i32| creation(libc::SYS_openat, &[5, 100, flags as u64, 0o640, 0, 0]);
        let flags = libc::O_CREAT | libc::O_RDWR;
        let expected = Creation::File {
            at: name(5, 100),
            flags,
            mode: 0o640,
        };
        assert_eq!(made(flags), Some(expected));
        for flags in [
            libc::O_RDWR,
            libc::O_CREAT | libc::O_PATH,
            libc::O_TMPFILE | libc::O_RDWR,
        ] {
            assert_eq!(made(flags), None, "{flags:o}");
        }
    }

    #[test]
    fn only_files_are_nodes() {
        let made = |mode: u32| creation(libc::SYS_mknodat, &[5, 100, mode.into(), 0, 0, 0]);
        let at = name(5, 100);
        for mode in [0o600, libc::S_IFREG | 0o600] {
            assert_eq!(made(mode), Some(Creation::EmptyFile { at, mode }));
        }
        for kind in [libc::S_IFIFO, libc::S_IFSOCK, libc::S_IFCHR, libc::S_IFBLK] {
            assert_eq!(made(kind | 0o600), None, "{kind:o}");
        }
    }

    #[test]
    fn names_are_where_each_call_has_them() {
        let arguments = [5, 100, 6, 200, 1, 0];
        let (of, at) = (name(5, 100), name(6, 200));
        assert_eq!(
            creation(libc::SYS_renameat2, &arguments),
            Some(Creation::NewName { of, at, flags: 1 })
        );
        assert_eq!(
            creation(libc::SYS_linkat, &arguments),
            Some(Creation::FurtherName { of, at, flags: 1 })
        );
        assert_eq!(
            creation(libc::SYS_symlinkat, &arguments),
            Some(Creation::Link {
                at: name(100, 6),
                target: 5
            })
        );
    }

    #[test]
    fn whatever_makes_something_is_told() {
        let flags = libc::O_CREAT as u64;
        let arguments = [flags; 6];
        for filter in [&EMBEDDED, &PROGRAM] {
            for call in 0..=filter.last {
                if creation(call, &arguments).is_some() {
                    let answer = filter.answer(call as u32, &arguments);
                    let is_none = filter.unlisted == answer;
                    assert!(is_none || answer == Answer::Watch, "{call}: {answer:?}");
                }
            }
        }
    }
}
