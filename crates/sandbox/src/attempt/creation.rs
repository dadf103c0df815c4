//! What a system call would make that is not there yet.

use crate::question::Question;

/// Something that a call makes: first with the addresses of its paths and texts, then with themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation<P = Name, T = u64> {
    /// A file that is opened with these flags.
    File {
        at: P,
        flags: i32,
        mode: u32,
    },
    /// A file that is not opened.
    EmptyFile {
        at: P,
        mode: u32,
    },
    Folder {
        at: P,
        mode: u32,
    },
    /// A link that leads to a text.
    Link {
        at: P,
        target: T,
    },
    /// A further name of a file.
    FurtherName {
        of: P,
        at: P,
        flags: i32,
    },
    /// Another name instead of the one that something has.
    NewName {
        of: P,
        at: P,
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

impl Name {
    /// That of a call with a descriptor and, after it, an address.
    fn of(arguments: &[u64; 6], descriptor: usize) -> Self {
        Self {
            folder: arguments[descriptor] as i32,
            address: arguments[descriptor + 1],
        }
    }
}

impl Creation {
    /// The same with what is in the worker's memory, as `path` and `text` read it; nothing if one of them does not.
    pub(super) fn read<P, T>(
        self,
        path: impl Fn(Name) -> Option<P>,
        text: impl Fn(u64) -> Option<T>,
    ) -> Option<Creation<P, T>> {
        Some(match self {
            Self::File { at, flags, mode } => Creation::File {
                at: path(at)?,
                flags,
                mode,
            },
            Self::EmptyFile { at, mode } => Creation::EmptyFile {
                at: path(at)?,
                mode,
            },
            Self::Folder { at, mode } => Creation::Folder {
                at: path(at)?,
                mode,
            },
            Self::Link { at, target } => Creation::Link {
                at: path(at)?,
                target: text(target)?,
            },
            Self::FurtherName { of, at, flags } => Creation::FurtherName {
                of: path(of)?,
                at: path(at)?,
                flags,
            },
            Self::NewName { of, at, flags } => Creation::NewName {
                of: path(of)?,
                at: path(at)?,
                flags,
            },
        })
    }
}

/// What the call makes, if it makes anything.
pub(super) fn creation(question: &Question) -> Option<Creation> {
    match question.call {
        libc::SYS_openat2 => described(question),
        call => of_arguments(call, &question.arguments),
    }
}

/// What `openat2` makes, whose flags are in the worker's memory. How it is to look for the path is left to the kernel.
fn described(question: &Question) -> Option<Creation> {
    let [_, _, address, size, ..] = question.arguments;
    // Larger ones come from programs that know more than is known here.
    let bytes = question.bytes(address, 24).ok().filter(|_| size == 24)?;
    let mut fields = bytes.chunks_exact(8).map(|field| {
        let bytes = field.try_into().unwrap_or_default();
        u64::from_ne_bytes(bytes)
    });
    let (flags, mode, resolve) = (fields.next()?, fields.next()?, fields.next()?);
    file(Name::of(&question.arguments, 0), flags, mode).filter(|_| resolve == 0)
}

/// What the call with this number makes with these arguments, if they say it.
fn of_arguments(call: libc::c_long, arguments: &[u64; 6]) -> Option<Creation> {
    let name = |descriptor| Name::of(arguments, descriptor);
    match call {
        libc::SYS_openat => file(name(0), arguments[2], arguments[3]),
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
fn file(at: Name, flags: u64, mode: u64) -> Option<Creation> {
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
            of: Name::of(arguments, 0),
            at: Name::of(arguments, 2),
            flags: 0,
        }),
        _ => None,
    }
}

#[cfg(target_arch = "aarch64")]
fn old(call: libc::c_long, arguments: &[u64; 6]) -> Option<Creation> {
    (call == crate::filter::RENAMEAT).then(|| Creation::NewName {
        of: Name::of(arguments, 0),
        at: Name::of(arguments, 2),
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
        let made =
            |flags: i32| of_arguments(libc::SYS_openat, &[5, 100, flags as u64, 0o640, 0, 0]);
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
        let made = |mode: u32| of_arguments(libc::SYS_mknodat, &[5, 100, mode.into(), 0, 0, 0]);
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
            of_arguments(libc::SYS_renameat2, &arguments),
            Some(Creation::NewName { of, at, flags: 1 })
        );
        assert_eq!(
            of_arguments(libc::SYS_linkat, &arguments),
            Some(Creation::FurtherName { of, at, flags: 1 })
        );
        assert_eq!(
            of_arguments(libc::SYS_symlinkat, &arguments),
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
                if of_arguments(call, &arguments).is_some() {
                    let answer = filter.answer(call as u32, &arguments);
                    let is_none = filter.unlisted == answer;
                    assert!(is_none || answer == Answer::Watch, "{call}: {answer:?}");
                }
            }
        }
    }
}
