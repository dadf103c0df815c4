//! Makes files, folders and links for workers, below the folders that they may write to.
//!
//! Landlock's rules are about folders, not about names: who may make files in a folder may make a `.git` there, and
//! with it a hook that somebody else will run. So workers may make nothing there by themselves. Their filter tells
//! of every call that would; the path is read once, its folder opened as the worker sees it, and if the policy lets
//! the new name be written, the supervisor makes it with the worker's own user, group and mask, through the worker's own
//! mounts. Everything else is left to the kernel, as if nobody had looked: what exists it opens, and what is new it
//! refuses. So neither another path behind the supervisor's back nor a mistake in here lets a name come into being that
//! the policy protects.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::sync::mpsc::sync_channel;

use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;
use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::fs::linkat;
use rustix::fs::mkdirat;
use rustix::fs::mknodat;
use rustix::fs::openat;
use rustix::fs::renameat;
use rustix::fs::renameat_with;
use rustix::fs::symlinkat;
use rustix::fs::unlinkat;
use rustix::io::Errno;
use rustix::process::geteuid;
use rustix::thread::UnshareFlags;
use rustix::thread::set_thread_groups;

use crate::OsError;
use crate::attempt::Attempts;
use crate::attempt::creation::Creation;
use crate::attempt::creation::Name;
use crate::attempt::spot::Asker;
use crate::attempt::spot::Spot;
use crate::question::Question;
use crate::question::Questions;
use crate::question::Reply;
use crate::syscall;
use crate::turns;

/// Calls of one worker that may wait. Each is a thread that waits with it, so there are hardly ever more than a few.
const MAX_WAITING: usize = 1024;
/// What counts of the flags that a new file is opened with.
const FILE_FLAGS: i32 = libc::O_ACCMODE
    | libc::O_APPEND
    | libc::O_DIRECT
    | libc::O_DSYNC
    | libc::O_LARGEFILE
    | libc::O_NOATIME
    | libc::O_NONBLOCK
    | libc::O_SYNC
    | libc::O_TRUNC;

/// Makes things for one worker, in a thread of its own that begins with the first of them: a slow file system keeps
/// nobody else waiting.
#[derive(Debug, Default)]
pub(super) struct Maker {
    /// Nothing here if there can be no thread.
    calls: OnceLock<Option<SyncSender<Call>>>,
}

/// A call that waits for something to be made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) told: Arc<Questions>,
    pub(super) attempts: Arc<Attempts>,
    pub(super) question: Question,
    pub(super) creation: Creation,
}

impl Maker {
    /// Sees to it that the call is answered.
    pub(super) fn take(&self, call: Call) {
        let started = self.calls.get_or_init(|| start().ok());
        let left = match started {
            None => Err(call),
            Some(calls) => calls.try_send(call).map_err(|error| match error {
                TrySendError::Full(call) | TrySendError::Disconnected(call) => call,
            }),
        };
        // The kernel will refuse to make anything.
        if let Err(call) = left {
            call.told.answer(&call.question, Reply::Proceed);
        }
    }
}

/// Whether anything is to be made for workers with this policy.
pub(super) fn has_work(policy: &SandboxPolicy) -> bool {
    let mut grants = policy.paths.iter();
    grants.any(|grant| grant.access == FileAccess::Write)
}

/// Starts the thread. It ends when nobody can send it calls any more.
fn start() -> std::io::Result<SyncSender<Call>> {
    let (sender, receiver) = sync_channel(MAX_WAITING);
    std::thread::Builder::new()
        .name("mycelium-make".to_owned())
        .spawn(move || work(&receiver))?;
    Ok(sender)
}

fn work(calls: &Receiver<Call>) {
    let prepared = prepare();
    // It works for the worker: no reason to come before anybody. Of no consequence if it fails.
    let _ = turns::take_usual_turns();
    // Where it begins depends on who began it.
    let mut place = None;
    while let Ok(call) = calls.recv() {
        let now = call.attempts.precedence();
        if place.replace(now) != Some(now) {
            turns::join(now);
        }
        let reply = match prepared {
            Ok(()) => answer(&call),
            Err(_) => Some(Reply::Proceed),
        };
        if let Some(reply) = reply {
            call.told.answer(&call.question, reply);
        }
    }
}

/// Gives the thread a mask of its own, and none of root's further groups.
fn prepare() -> Result<(), OsError> {
    syscall::unshare(UnshareFlags::FS)?;
    if geteuid().is_root() {
        set_thread_groups(&[])?;
    }
    Ok(())
}

/// Does what the call asks for, or leaves it to the kernel; nothing if the worker has its answer.
fn answer(call: &Call) -> Option<Reply> {
    let made = Work::read(&call.question, call.creation)
        .filter(|_| call.told.is_open(&call.question))
        .and_then(|work| work.carry_out(call.attempts.policy()?));
    match made {
        None => Some(Reply::Proceed),
        Some(Ok(Made::Done)) => Some(Reply::Return(0)),
        Some(Ok(Made::Opened { file, spot, flags })) => {
            match call.told.hand_over(&call.question, &file, flags) {
                Ok(()) => None,
                // It has no room for one more file, or is gone: then there is no file either.
                Err(error) => {
                    let _ = unlinkat(&spot.folder, spot.name(), AtFlags::empty());
                    Some(Reply::Refuse(error.raw()))
                }
            }
        }
        Some(Err(errno)) => Some(Reply::Refuse(errno.raw_os_error())),
    }
}

/// What came of it.
enum Made {
    Done,
    /// A new file, which the worker gets with these flags.
    Opened {
        file: OwnedFd,
        spot: Spot,
        flags: i32,
    },
}

/// What is to be made, in words of our own: nobody can change them any more.
struct Work {
    asker: Asker,
    creation: Creation<PathBuf, Vec<u8>>,
}

impl Work {
    /// Reads what the call means; nothing if it means nothing that is made here.
    fn read(question: &Question, creation: Creation) -> Option<Self> {
        let text = |address| question.text(address).ok();
        Some(Self {
            creation: creation.read(|name| absolute(question, name), text)?,
            asker: Asker::read(question.process)?,
        })
    }

    /// Does it, if it is to be done here.
    fn carry_out(self, policy: &SandboxPolicy) -> Option<Result<Made, Errno>> {
        let Self { asker, creation } = self;
        let spot = |path: &Path| Spot::find(policy, &asker, path);
        asker.act(|| match creation {
            Creation::File { at, flags, mode } => make_file(spot(&at)?, flags, mode),
            Creation::EmptyFile { at, mode } => {
                let at = spot(&at)?;
                let mode = Mode::from_raw_mode(mode & 0o7777);
                Some(mknodat(&at.folder, at.whole(), FileType::RegularFile, mode, 0).map(done))
            }
            Creation::Folder { at, mode } => {
                let at = spot(&at)?;
                let mode = Mode::from_raw_mode(mode & 0o7777);
                Some(mkdirat(&at.folder, at.whole(), mode).map(done))
            }
            Creation::Link { at, target } => {
                let at = spot(&at)?;
                Some(symlinkat(OsStr::from_bytes(&target), &at.folder, at.whole()).map(done))
            }
            Creation::FurtherName { of, at, flags } => {
                let (of, at) = (spot(&of)?, spot(&at)?);
                // Where a link leads may be elsewhere.
                let is_plain = flags == 0
                    || flags == libc::AT_SYMLINK_FOLLOW && of.kind()? != FileType::Symlink;
                let link = || {
                    linkat(
                        &of.folder,
                        of.whole(),
                        &at.folder,
                        at.whole(),
                        AtFlags::empty(),
                    )
                };
                is_plain.then(|| link().map(done))
            }
            Creation::NewName { of, at, flags } => {
                let (of, at) = (spot(&of)?, spot(&at)?);
                let flags = RenameFlags::from_bits(flags)?;
                // It would leave a device behind.
                let is_plain = !flags.contains(RenameFlags::WHITEOUT);
                let rename = || {
                    let (from, to) = (of.whole(), at.whole());
                    match flags.is_empty() {
                        // Not every file system knows flags.
                        true => renameat(&of.folder, from, &at.folder, to),
                        false => renameat_with(&of.folder, from, &at.folder, to, flags),
                    }
                };
                is_plain.then(|| rename().map(done))
            }
        })
    }
}

fn done((): ()) -> Made {
    Made::Done
}

/// Makes a file where there is none. One that is there is opened by the kernel, by the worker's own rights.
fn make_file(spot: Spot, flags: i32, mode: u32) -> Option<Result<Made, Errno>> {
    let new = OFlags::CREATE | OFlags::EXCL | OFlags::NOCTTY | OFlags::CLOEXEC;
    let how = OFlags::from_bits_retain((flags & FILE_FLAGS) as u32) | new;
    let mode = Mode::from_raw_mode(mode & 0o7777);
    match openat(&spot.folder, spot.whole(), how, mode) {
        Ok(file) => Some(Ok(Made::Opened { file, spot, flags })),
        Err(Errno::EXIST) => None,
        Err(errno) => Some(Err(errno)),
    }
}

/// The path that a name means, absolute, as the worker wrote it otherwise.
fn absolute(question: &Question, name: Name) -> Option<PathBuf> {
    let text = question.text(name.address).ok()?;
    let text = Path::new(OsStr::from_bytes(&text));
    if text.as_os_str().is_empty() {
        return None;
    }
    if text.is_absolute() {
        return Some(text.to_owned());
    }
    Some(question.folder(name.folder).ok()?.join(text))
}
