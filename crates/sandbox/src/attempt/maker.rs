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
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
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
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RenameFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::StatxAttributes;
use rustix::fs::StatxFlags;
use rustix::fs::linkat;
use rustix::fs::mkdirat;
use rustix::fs::mknodat;
use rustix::fs::openat;
use rustix::fs::openat2;
use rustix::fs::readlinkat;
use rustix::fs::renameat_with;
use rustix::fs::statx;
use rustix::fs::symlinkat;
use rustix::fs::unlinkat;
use rustix::io::Errno;
use rustix::process::getegid;
use rustix::process::geteuid;
use rustix::process::umask;
use rustix::thread::UnshareFlags;
use rustix::thread::set_thread_groups;

use crate::OsError;
use crate::attempt::creation::Creation;
use crate::attempt::creation::Name;
use crate::attempt::creation::file;
use crate::question::Question;
use crate::question::Questions;
use crate::question::Reply;
use crate::restrict::shares_temporary;
use crate::syscall;
use crate::turns;

/// Calls of one worker that may wait. Each is a thread that waits with it, so there are hardly ever more than a few.
const MAX_WAITING: usize = 1024;
/// How often a folder is looked for while others are moved about; the kernel wants it tried again then.
const ATTEMPTS: usize = 16;
/// How much of what the kernel says about a process is read.
const MAX_STATUS: u64 = 8 << 10;
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
    pub(super) question: Question,
    pub(super) creation: Creation,
}

impl Maker {
    /// Sees to it that the call is answered.
    pub(super) fn take(&self, policy: &SandboxPolicy, call: Call) {
        let started = self.calls.get_or_init(|| start(policy).ok());
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
fn start(policy: &SandboxPolicy) -> std::io::Result<SyncSender<Call>> {
    let (sender, receiver) = sync_channel(MAX_WAITING);
    let policy = policy.clone();
    std::thread::Builder::new()
        .name("mycelium-make".to_owned())
        .spawn(move || work(&policy, &receiver))?;
    Ok(sender)
}

fn work(policy: &SandboxPolicy, calls: &Receiver<Call>) {
    let prepared = prepare();
    // It works for the worker: no reason to come before anybody. Of no consequence if it fails.
    let _ = turns::take_usual_turns();
    while let Ok(call) = calls.recv() {
        let reply = match prepared {
            Ok(()) => answer(policy, &call),
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
fn answer(policy: &SandboxPolicy, call: &Call) -> Option<Reply> {
    let made = Work::read(&call.question, call.creation)
        .filter(|_| call.told.is_open(&call.question))
        .and_then(|work| work.carry_out(policy));
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
    task: Task,
}

enum Task {
    File {
        at: PathBuf,
        flags: i32,
        mode: u32,
    },
    EmptyFile {
        at: PathBuf,
        mode: u32,
    },
    Folder {
        at: PathBuf,
        mode: u32,
    },
    Link {
        at: PathBuf,
        target: Vec<u8>,
    },
    FurtherName {
        of: PathBuf,
        at: PathBuf,
        flags: i32,
    },
    NewName {
        of: PathBuf,
        at: PathBuf,
        flags: u32,
    },
}

impl Work {
    /// Reads what the call means; nothing if it means nothing that is made here.
    fn read(question: &Question, creation: Creation) -> Option<Self> {
        let path = |name: Name| absolute(question, name);
        let task = match creation {
            Creation::File { at, flags, mode } => Task::File {
                at: path(at)?,
                flags,
                mode,
            },
            Creation::FileAsDescribed {
                at,
                description,
                size,
            } => match described(question, at, (description, size))? {
                Creation::File { at, flags, mode } => Task::File {
                    at: path(at)?,
                    flags,
                    mode,
                },
                _ => return None,
            },
            Creation::EmptyFile { at, mode } => Task::EmptyFile {
                at: path(at)?,
                mode,
            },
            Creation::Folder { at, mode } => Task::Folder {
                at: path(at)?,
                mode,
            },
            Creation::Link { at, target } => Task::Link {
                at: path(at)?,
                target: question.text(target).ok()?,
            },
            Creation::FurtherName { of, at, flags } => Task::FurtherName {
                of: path(of)?,
                at: path(at)?,
                flags,
            },
            Creation::NewName { of, at, flags } => Task::NewName {
                of: path(of)?,
                at: path(at)?,
                flags,
            },
        };
        let asker = Asker::read(question.process)?;
        Some(Self { asker, task })
    }

    /// Does it, if it is to be done here.
    fn carry_out(self, policy: &SandboxPolicy) -> Option<Result<Made, Errno>> {
        let Self { asker, task } = self;
        let spot = |path: &Path| Spot::find(policy, &asker, path);
        asker.act(|| match task {
            Task::File { at, flags, mode } => make_file(spot(&at)?, flags, mode),
            Task::EmptyFile { at, mode } => {
                let at = spot(&at)?;
                let mode = Mode::from_raw_mode(mode & 0o7777);
                Some(mknodat(&at.folder, at.whole(), FileType::RegularFile, mode, 0).map(done))
            }
            Task::Folder { at, mode } => {
                let at = spot(&at)?;
                let mode = Mode::from_raw_mode(mode & 0o7777);
                Some(mkdirat(&at.folder, at.whole(), mode).map(done))
            }
            Task::Link { at, target } => {
                let at = spot(&at)?;
                Some(symlinkat(OsStr::from_bytes(&target), &at.folder, at.whole()).map(done))
            }
            Task::FurtherName { of, at, flags } => {
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
            Task::NewName { of, at, flags } => {
                let (of, at) = (spot(&of)?, spot(&at)?);
                let flags = RenameFlags::from_bits(flags)?;
                // It would leave a device behind.
                let is_plain = !flags.contains(RenameFlags::WHITEOUT);
                let rename = || {
                    let (from, to) = (of.whole(), at.whole());
                    match flags.is_empty() {
                        // Not every file system knows flags.
                        true => rustix::fs::renameat(&of.folder, from, &at.folder, to),
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

/// What `openat2` is to make. How it is to look for the path is left to the kernel.
fn described(question: &Question, at: Name, description: (u64, u64)) -> Option<Creation> {
    let (address, size) = description;
    let fields: [u64; 3] = {
        // Larger ones come from programs that know more than is known here.
        let bytes = question.bytes(address, 24).ok().filter(|_| size == 24)?;
        let field = |index: usize| {
            let bytes = bytes.get(8 * index..8 * (index + 1))?;
            Some(u64::from_ne_bytes(bytes.try_into().ok()?))
        };
        [field(0)?, field(1)?, field(2)?]
    };
    let [flags, mode, resolve] = fields;
    file(at, flags, mode).filter(|_| resolve == 0)
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
    let process = question.process;
    let link = match name.folder {
        libc::AT_FDCWD => format!("/proc/{process}/cwd"),
        descriptor => format!("/proc/{process}/fd/{descriptor}"),
    };
    Some(target(&link)?.join(text))
}

/// Where a link of the kernel's leads, if it is a path.
fn target(link: &str) -> Option<PathBuf> {
    let target = readlinkat(CWD, link, Vec::new()).ok()?;
    let path = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
    path.is_absolute().then_some(path)
}

/// Who asks, as far as files are concerned.
struct Asker {
    /// What it sees as `/`.
    root: OwnedFd,
    user: u32,
    group: u32,
    mask: u32,
}

impl Asker {
    fn read(process: u32) -> Option<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, format!("/proc/{process}/root"), flags, Mode::empty()).ok()?;
        let mut status = String::new();
        let file = fs_err::File::open(format!("/proc/{process}/status")).ok()?;
        file.take(MAX_STATUS).read_to_string(&mut status).ok()?;
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        // Real, effective, saved, and for files.
        let last = |name| line(name)?.split_ascii_whitespace().nth(3)?.parse().ok();
        Some(Self {
            root,
            user: last("Uid:")?,
            group: last("Gid:")?,
            mask: u32::from_str_radix(line("Umask:")?.trim(), 8).ok()?,
        })
    }

    /// Does `work` with its user, group and mask.
    fn act<T>(&self, work: impl FnOnce() -> T) -> T {
        umask(Mode::from_raw_mode(self.mask & 0o777));
        let own = (geteuid(), getegid());
        if !own.0.is_root() {
            return work();
        }
        syscall::set_file_identity(self.user, self.group);
        let result = work();
        syscall::set_file_identity(own.0.as_raw(), own.1.as_raw());
        result
    }
}

/// Where something is or is to be: a folder, and a name in it that the policy lets be written.
struct Spot {
    folder: OwnedFd,
    /// The last part of the path, with the slashes after it.
    whole: Vec<u8>,
}

impl Spot {
    /// Nothing if it is none of the places where things are made here.
    fn find(policy: &SandboxPolicy, asker: &Asker, path: &Path) -> Option<Self> {
        let text = path.as_os_str().as_bytes();
        let end = text.iter().rposition(|byte| *byte != b'/')? + 1;
        let start = text[..end].iter().rposition(|byte| *byte == b'/')? + 1;
        let spot = Self {
            folder: open_folder(asker, &text[..start])?,
            whole: text[start..].to_owned(),
        };
        if matches!(spot.name().as_bytes(), b"." | b"..") {
            return None;
        }
        let folder = target(&format!("/proc/self/fd/{}", spot.folder.as_raw_fd()))?;
        let is_made_here = policy.grant_of(&folder, FileAccess::Write).is_some()
            || folder.starts_with("/tmp") && shares_temporary(policy);
        let is_allowed = is_made_here
            && policy.allows(&folder, FileAccess::Write)
            && policy.allows(&folder.join(spot.name()), FileAccess::Write);
        (is_allowed && !spot.is_mounted()).then_some(spot)
    }

    fn name(&self) -> &OsStr {
        let end = self.whole.iter().position(|byte| *byte == b'/');
        OsStr::from_bytes(&self.whole[..end.unwrap_or(self.whole.len())])
    }

    fn whole(&self) -> &OsStr {
        OsStr::from_bytes(&self.whole)
    }

    /// Whether the worker has a mount there, which the kernel would keep it from moving. It does not keep others.
    fn is_mounted(&self) -> bool {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        match statx(&self.folder, self.name(), flags, StatxFlags::empty()) {
            Ok(status) => {
                let known = status
                    .stx_attributes_mask
                    .contains(StatxAttributes::MOUNT_ROOT);
                !known || status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
            }
            Err(errno) => errno != Errno::NOENT,
        }
    }

    fn kind(&self) -> Option<FileType> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let status = statx(self.folder.as_fd(), self.name(), flags, StatxFlags::TYPE).ok()?;
        Some(FileType::from_raw_mode(status.stx_mode.into()))
    }
}

/// Opens a folder, as a name only, where the worker sees it.
fn open_folder(asker: &Asker, path: &[u8]) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let open = || {
        openat2(
            &asker.root,
            OsStr::from_bytes(path),
            flags,
            Mode::empty(),
            within,
        )
    };
    let mut attempts = std::iter::repeat_with(open).take(ATTEMPTS);
    let last = attempts.find(|folder| !matches!(folder, Err(Errno::AGAIN)));
    last?.ok()
}
