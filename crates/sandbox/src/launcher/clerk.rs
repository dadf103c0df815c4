//! Answers a worker's questions about files by name, where it has no mount namespace.
//!
//! Nothing is done by the name that the worker has in its memory: the launcher reads it once, looks below
//! the folders that it has kept open since it was told the policy, and answers with what it found. So
//! neither a change of the name nor a change of a link on the way can make it answer for another file.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::openat2;

use crate::OsError;
use crate::SandboxError;
use crate::Step;
use crate::launcher::inject::open_source;
use crate::plan::Plan;
use crate::question::About;
use crate::question::Question;
use crate::question::Questions;
use crate::question::Reply;
use crate::question::look;
use crate::question::may_use;

/// The descriptor that means the working directory.
const HERE: i32 = libc::AT_FDCWD;

/// What a worker may ask about.
#[derive(Debug)]
pub(super) struct Register {
    /// Each path of the policy, open.
    places: Vec<(PathBuf, OwnedFd)>,
    workspace: PathBuf,
    /// Shown for the folders above those places, which are there and have nothing else in them.
    above: OwnedFd,
}

impl Register {
    /// Opens what `plan` shows.
    pub(super) fn open(plan: &Plan) -> Result<Self, SandboxError> {
        let places = (plan.placements.iter())
            .map(|placement| {
                let file = open_source(&placement.source)?;
                Ok((placement.source.clone(), file))
            })
            .collect::<Result<_, SandboxError>>()?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let above = rustix::fs::openat(CWD, "/", flags, Mode::empty())
            .map_err(SandboxError::step_at(Step::Plumbing, "/"))?;
        Ok(Self {
            places,
            workspace: plan.workspace.clone(),
            above,
        })
    }

    /// What is at `path`, which is absolute and has no `.` or `..`.
    fn find(&self, path: &Path, last: Last) -> Result<Found, i32> {
        let place = (self.places.iter())
            .filter_map(|(place, file)| Some((file, path.strip_prefix(place).ok()?)))
            // The deepest one: a file that is granted by itself may lie below a folder.
            .min_by_key(|(_, rest)| rest.as_os_str().len());
        if let Some((file, rest)) = place {
            let follow = match last {
                Last::Follow => OFlags::empty(),
                Last::Link => OFlags::NOFOLLOW,
            };
            if rest.as_os_str().is_empty() {
                let file = file.try_clone().map_err(|_| libc::EMFILE)?;
                return Ok(Found::Granted(file));
            }
            return openat2(
                file,
                rest,
                OFlags::PATH | OFlags::CLOEXEC | follow,
                Mode::empty(),
                ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
            )
            .map(Found::Granted)
            .map_err(|errno| match errno.raw_os_error() {
                // It leads out of what was granted: there, nothing is.
                libc::EXDEV => libc::ENOENT,
                other => other,
            });
        }
        let is_above = |below: &Path| below.starts_with(path);
        if is_above(&self.workspace) || self.places.iter().any(|(place, _)| is_above(place)) {
            Ok(Found::Above)
        } else {
            Err(libc::ENOENT)
        }
    }
}

/// Whether a link at the end of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Follow,
    Link,
}

/// What a name means.
#[derive(Debug)]
enum Found {
    /// A file of the policy.
    Granted(OwnedFd),
    /// A folder above one.
    Above,
}

/// A question, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inquiry {
    /// Tell about it, at this address, in at most so many bytes.
    Tell(About, Last, u64, usize),
    /// May it be used so?
    May(i32),
    /// Go there.
    Enter,
}

/// Where a name starts from, its address, and what is asked.
fn understand(question: &Question) -> Option<(i32, u64, u64, Inquiry)> {
    let [a, b, c, d, e, _] = question.arguments;
    let last = |flags: u64| match flags as i32 & libc::AT_SYMLINK_NOFOLLOW {
        0 => Last::Follow,
        _ => Last::Link,
    };
    let tell = |about, last, at| Inquiry::Tell(about, last, at, usize::MAX);
    let link = |at, room: u64| {
        // As readlink(2) takes it: an int.
        Inquiry::Tell(About::Link, Last::Link, at, (room as i32).max(0) as usize)
    };
    Some(match question.call {
        libc::SYS_newfstatat => (a as i32, b, d, tell(About::Stat, last(d), c)),
        libc::SYS_statx => (a as i32, b, c, tell(About::Statx(d as u32), last(c), e)),
        libc::SYS_statfs => (HERE, a, 0, tell(About::FileSystem, Last::Follow, b)),
        libc::SYS_faccessat => (a as i32, b, 0, Inquiry::May(c as i32)),
        libc::SYS_faccessat2 => (a as i32, b, d, Inquiry::May(c as i32)),
        libc::SYS_readlinkat => (a as i32, b, 0, link(c, d)),
        libc::SYS_chdir => (HERE, a, 0, Inquiry::Enter),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat => (HERE, a, 0, tell(About::Stat, Last::Follow, b)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_lstat => (HERE, a, 0, tell(About::Stat, Last::Link, b)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_access => (HERE, a, 0, Inquiry::May(b as i32)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink => (HERE, a, 0, link(b, c)),
        _ => return None,
    })
}

/// Answers one question; without a register, of a worker that has no skill yet and runs no code but ours.
pub(super) fn answer(questions: &Questions, register: Option<&Register>) -> Result<(), OsError> {
    let Some(question) = questions.next()? else {
        return Ok(());
    };
    let reply = match register {
        None => Reply::Proceed,
        Some(register) => consider(questions, register, &question).unwrap_or_else(Reply::Refuse),
    };
    questions.answer(&question, reply);
    Ok(())
}

fn consider(questions: &Questions, register: &Register, question: &Question) -> Result<Reply, i32> {
    let (start, name, flags, inquiry) = understand(question).ok_or(libc::EPERM)?;
    let name = question.text(name).map_err(OsError::raw)?;
    if name.is_empty() {
        // A descriptor that it has: by a name or not, it has been let open it. The worker has one thread,
        // and no memory that anybody else can change, so the name stays empty.
        return match flags as i32 & libc::AT_EMPTY_PATH {
            0 => Err(libc::ENOENT),
            _ => Ok(Reply::Proceed),
        };
    }
    let path = absolute(question, start, name)?;
    if !questions.is_open(question) {
        return Err(libc::ENOENT);
    }
    match inquiry {
        Inquiry::Tell(about, last, at, room) => {
            let file = match register.find(&path, last)? {
                Found::Granted(file) => file,
                Found::Above => register.above.try_clone().map_err(|_| libc::EMFILE)?,
            };
            let mut told = look(file.as_fd(), about).map_err(|error| match error.raw() {
                // What readlink(2) says of an open file that is no link.
                libc::ENOENT if about == About::Link => libc::EINVAL,
                other => other,
            })?;
            told.truncate(room);
            question.put(at, &told).map_err(OsError::raw)?;
            Ok(Reply::Return(match about {
                About::Link => told.len() as i64,
                About::Stat | About::Statx(_) | About::FileSystem => 0,
            }))
        }
        Inquiry::May(mode) => match register.find(&path, Last::Follow)? {
            Found::Granted(file) => {
                may_use(file.as_fd(), mode).map_err(OsError::raw)?;
                Ok(Reply::Return(0))
            }
            Found::Above if mode & libc::W_OK == 0 => Ok(Reply::Return(0)),
            Found::Above => Err(libc::EACCES),
        },
        Inquiry::Enter => match register.find(&path, Last::Follow)? {
            // Where a worker is gives it nothing: what it opens from there Landlock decides, what it asks
            // from there this function.
            Found::Granted(_) | Found::Above => Ok(Reply::Proceed),
        },
    }
}

/// The path that `name` means to whoever asks, without `.` and `..`.
fn absolute(question: &Question, start: i32, name: Vec<u8>) -> Result<PathBuf, i32> {
    let name = PathBuf::from(OsString::from_vec(name));
    let whole = if name.is_absolute() {
        name
    } else {
        question.folder(start).map_err(OsError::raw)?.join(name)
    };
    let mut plain = PathBuf::from("/");
    for part in whole.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                plain.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    if plain.as_os_str().as_bytes().len() >= libc::PATH_MAX as usize {
        return Err(libc::ENAMETOOLONG);
    }
    Ok(plain)
}
