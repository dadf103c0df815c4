//! System calls that a worker's filter asks about: seccomp_unotify(2).
#![allow(
    unsafe_code,
    reason = "the kernel's interface for such questions has no safe wrapper"
)]

use std::ffi::CString;
use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::readlinkat;

use crate::OsError;
use crate::filter::Instruction;

/// The longest path the kernel takes, its end mark included.
const MAX_PATH: usize = 4096;
/// The smallest page there is: no read below goes beyond the end of one, because the next may be missing.
const PAGE: u64 = 4096;

/// Where a worker's questions arrive.
#[derive(Debug)]
pub(crate) struct Questions(OwnedFd);

/// One system call that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    id: u64,
    /// Who asks.
    pub(crate) process: u32,
    /// The call's number.
    pub(crate) call: libc::c_long,
    /// Its arguments.
    pub(crate) arguments: [u64; 6],
}

/// What becomes of a call that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It returns this, without having been made.
    Return(i64),
    /// It fails with this error number, without having been made.
    Refuse(i32),
    /// It is made. Only for calls whose arguments nobody can change meanwhile.
    Proceed,
}

/// Puts a system call filter with questions on the calling thread, for good; returns where they arrive.
pub(crate) fn load_filter(program: &[Instruction]) -> Result<Questions, OsError> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap_or(u16::MAX),
        // The kernel only reads the program; the type has no const pointer.
        filter: program.as_ptr().cast_mut(),
    };
    let load = |flags: libc::c_ulong| {
        // SAFETY: seccomp(2) reads `len` instructions from the slice, which outlives the call, and returns a
        // new descriptor that nothing else owns.
        unsafe {
            let listener = check(libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | flags,
                &raw const program,
            ))?;
            Ok(Questions(OwnedFd::from_raw_fd(listener as i32)))
        }
    };
    // A signal that arrives while somebody looks would make the call be asked about again; kernels from 5.19
    // on hold it back.
    load(libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV).or_else(|_: OsError| load(0))
}

/// Whether the kernel has filters that ask.
pub(crate) fn is_available() -> bool {
    let action = libc::SECCOMP_RET_USER_NOTIF;
    // SAFETY: SECCOMP_GET_ACTION_AVAIL reads one number.
    let known = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    known == 0
}

impl Questions {
    pub(crate) fn new(listener: OwnedFd) -> Self {
        Self(listener)
    }

    pub(crate) fn into_descriptor(self) -> OwnedFd {
        self.0
    }

    /// The next question; `None` if whoever asked is gone. Does not wait when one is known to be there.
    pub(crate) fn next(&self) -> Result<Option<Question>, OsError> {
        // SAFETY: all fields are integers; the kernel wants them to be zero and fills them.
        let asked = unsafe {
            let mut asked = MaybeUninit::<libc::seccomp_notif>::zeroed();
            match check(i64::from(libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                asked.as_mut_ptr(),
            ))) {
                Ok(_) => asked.assume_init(),
                Err(error) if matches!(error.raw(), libc::ENOENT | libc::EINTR) => return Ok(None),
                Err(error) => return Err(error),
            }
        };
        Ok(Some(Question {
            id: asked.id,
            process: asked.pid,
            call: libc::c_long::from(asked.data.nr),
            arguments: asked.data.args,
        }))
    }

    /// Whether the call still waits: what was read of its process since it asked is its own.
    pub(crate) fn is_open(&self, question: &Question) -> bool {
        // SAFETY: the operation reads one number.
        let valid = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
                &raw const question.id,
            )
        };
        valid == 0
    }

    /// Answers. Fails only if whoever asked is gone, which needs no answer.
    pub(crate) fn answer(&self, question: &Question, reply: Reply) {
        let (val, error, flags) = match reply {
            Reply::Return(value) => (value, 0, 0),
            Reply::Refuse(errno) => (0, -errno, 0),
            Reply::Proceed => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
        };
        let answer = libc::seccomp_notif_resp {
            id: question.id,
            val,
            error,
            flags,
        };
        // SAFETY: the operation reads the structure.
        unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND,
                &raw const answer,
            );
        }
    }
}

impl Questions {
    /// Answers with an open file: the call returns its number in the process of whoever asks, with what `flags` of the
    /// call say of new programs.
    ///
    /// # Errors
    /// When there is no room for one more file there, or whoever asked is gone.
    pub(crate) fn hand_over(
        &self,
        question: &Question,
        file: &OwnedFd,
        flags: i32,
    ) -> Result<(), OsError> {
        let handed = libc::seccomp_notif_addfd {
            id: question.id,
            flags: libc::SECCOMP_ADDFD_FLAG_SEND as u32,
            srcfd: file.as_raw_fd() as u32,
            newfd: 0,
            newfd_flags: (flags & libc::O_CLOEXEC) as u32,
        };
        // SAFETY: the operation reads the structure, and takes a descriptor that is open.
        let number = unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_ADDFD,
                &raw const handed,
            )
        };
        check(number.into()).map(drop)
    }
}

impl AsFd for Questions {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Question {
    /// The folder that relative paths start from which go with this descriptor, or with [`libc::AT_FDCWD`], as whoever asks sees it.
    ///
    /// # Errors
    /// `EBADF` when there is no such descriptor, `ENOTDIR` when it is none of a path.
    pub(crate) fn folder(&self, descriptor: i32) -> Result<PathBuf, OsError> {
        let process = self.process;
        let link = match descriptor {
            libc::AT_FDCWD => format!("/proc/{process}/cwd"),
            descriptor => format!("/proc/{process}/fd/{descriptor}"),
        };
        let target = readlinkat(CWD, link, Vec::new()).map_err(|_| error(libc::EBADF))?;
        let folder = PathBuf::from(OsString::from_vec(target.into_bytes()));
        match folder.is_absolute() {
            true => Ok(folder),
            false => Err(error(libc::ENOTDIR)),
        }
    }

    /// The text at `address` in the memory of whoever asks.
    ///
    /// # Errors
    /// `EFAULT` when there is none, `ENAMETOOLONG` when it is longer than a path can be.
    pub(crate) fn text(&self, address: u64) -> Result<Vec<u8>, OsError> {
        let mut text = Vec::new();
        while text.len() < MAX_PATH {
            let from = address.wrapping_add(text.len() as u64);
            let length = (PAGE - from % PAGE) as usize;
            let start = text.len();
            text.resize(start + length, 0);
            let read = self.copy(Copy::Read(&mut text[start..]), from)?;
            text.truncate(start + read);
            if let Some(end) = text[start..].iter().position(|byte| *byte == 0) {
                text.truncate(start + end);
                return Ok(text);
            }
            if read < length {
                return Err(error(libc::EFAULT));
            }
        }
        Err(error(libc::ENAMETOOLONG))
    }

    /// The `length` bytes at `address` in the memory of whoever asks.
    ///
    /// # Errors
    /// `EFAULT` when there are fewer.
    pub(crate) fn bytes(&self, address: u64, length: usize) -> Result<Vec<u8>, OsError> {
        let mut bytes = vec![0; length];
        match self.copy(Copy::Read(&mut bytes), address)? {
            read if read == length => Ok(bytes),
            _ => Err(error(libc::EFAULT)),
        }
    }

    /// Puts `bytes` at `address` in the memory of whoever asks.
    ///
    /// # Errors
    /// `EFAULT` when there is no room.
    pub(crate) fn put(&self, address: u64, bytes: &[u8]) -> Result<(), OsError> {
        match self.copy(Copy::Write(bytes), address)? {
            written if written == bytes.len() => Ok(()),
            _ => Err(error(libc::EFAULT)),
        }
    }

    fn copy(&self, what: Copy<'_>, address: u64) -> Result<usize, OsError> {
        let (base, length) = match &what {
            Copy::Read(buffer) => (buffer.as_ptr(), buffer.len()),
            Copy::Write(bytes) => (bytes.as_ptr(), bytes.len()),
        };
        let ours = libc::iovec {
            iov_base: base.cast_mut().cast(),
            iov_len: length,
        };
        let theirs = libc::iovec {
            iov_base: address as *mut libc::c_void,
            iov_len: length,
        };
        let process = self.process as i32;
        // SAFETY: the calls copy between our buffer, of which they write only one that is borrowed mutably,
        // and another process's memory, whose address the kernel checks.
        let copied = unsafe {
            match what {
                Copy::Read(_) => libc::process_vm_readv(process, &ours, 1, &theirs, 1, 0),
                Copy::Write(_) => libc::process_vm_writev(process, &ours, 1, &theirs, 1, 0),
            }
        };
        check(copied as libc::c_long).map(|copied| copied as usize)
    }
}

/// In which direction memory is copied.
enum Copy<'a> {
    Read(&'a mut [u8]),
    Write(&'a [u8]),
}

/// What is asked about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// `struct stat`.
    Stat,
    /// `struct statx`, with these fields.
    Statx(u32),
    /// `struct statfs`.
    FileSystem,
    /// Where it leads, as a link.
    Link,
}

/// What the kernel says about an open file.
pub(crate) fn look(file: BorrowedFd<'_>, about: About) -> Result<Vec<u8>, OsError> {
    let file = file.as_raw_fd();
    let length = match about {
        About::Stat => size_of::<libc::stat>(),
        About::Statx(_) => size_of::<libc::statx>(),
        About::FileSystem => size_of::<libc::statfs>(),
        About::Link => MAX_PATH,
    };
    let mut told = vec![0; length];
    let buffer = told.as_mut_ptr();
    // SAFETY: each call writes at most the structure, or as many bytes, that `told` has room for. The
    // empty text means the file itself.
    let returned = check(unsafe {
        match about {
            About::Stat => libc::syscall(libc::SYS_fstat, file, buffer),
            About::Statx(fields) => libc::syscall(
                libc::SYS_statx,
                file,
                c"".as_ptr(),
                libc::AT_EMPTY_PATH,
                fields,
                buffer,
            ),
            About::FileSystem => libc::syscall(libc::SYS_fstatfs, file, buffer),
            About::Link => libc::syscall(libc::SYS_readlinkat, file, c"".as_ptr(), buffer, length),
        }
    })?;
    if about == About::Link {
        told.truncate(returned as usize);
    }
    Ok(told)
}

/// Whether an open file may be used so, as access(2) says.
pub(crate) fn may_use(file: BorrowedFd<'_>, mode: i32) -> Result<(), OsError> {
    let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
    // SAFETY: the call reads a text.
    check(unsafe { libc::syscall(libc::SYS_faccessat, libc::AT_FDCWD, path.as_ptr(), mode) })
        .map(drop)
}

fn check(returned: libc::c_long) -> Result<libc::c_long, OsError> {
    if returned < 0 {
        Err(OsError::last())
    } else {
        Ok(returned)
    }
}

fn error(errno: i32) -> OsError {
    std::io::Error::from_raw_os_error(errno).into()
}
