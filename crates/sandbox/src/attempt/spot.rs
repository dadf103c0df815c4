//! Where a worker would make something, and who it is there.

use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;
use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::StatxAttributes;
use rustix::fs::StatxFlags;
use rustix::fs::openat;
use rustix::fs::openat2;
use rustix::fs::readlinkat;
use rustix::fs::statx;
use rustix::io::Errno;
use rustix::process::getegid;
use rustix::process::geteuid;
use rustix::process::umask;

use crate::restrict::shares_temporary;
use crate::syscall;

/// How often a folder is looked for while others are moved about; the kernel wants it tried again then.
const ATTEMPTS: usize = 16;
/// How much of what the kernel says about a process is read.
const MAX_STATUS: u64 = 8 << 10;

/// Who asks, as far as files are concerned.
pub(super) struct Asker {
    /// What it sees as `/`.
    root: OwnedFd,
    user: u32,
    group: u32,
    mask: u32,
}

impl Asker {
    pub(super) fn read(process: u32) -> Option<Self> {
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
    pub(super) fn act<T>(&self, work: impl FnOnce() -> T) -> T {
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
pub(super) struct Spot {
    pub(super) folder: OwnedFd,
    /// The last part of the path, with the slashes after it.
    whole: Vec<u8>,
}

impl Spot {
    /// Nothing if it is none of the places where things are made here.
    pub(super) fn find(policy: &SandboxPolicy, asker: &Asker, path: &Path) -> Option<Self> {
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
        let link = format!("/proc/self/fd/{}", spot.folder.as_raw_fd());
        let folder = readlinkat(CWD, link, Vec::new()).ok()?;
        let folder = Path::new(OsStr::from_bytes(folder.as_bytes()));
        let is_made_here = policy.grant_of(folder, FileAccess::Write).is_some()
            || folder.starts_with("/tmp") && shares_temporary(policy);
        let is_allowed = is_made_here
            && policy.allows(folder, FileAccess::Write)
            && policy.allows(&folder.join(spot.name()), FileAccess::Write);
        (is_allowed && !spot.is_mounted()).then_some(spot)
    }

    pub(super) fn name(&self) -> &OsStr {
        let end = self.whole.iter().position(|byte| *byte == b'/');
        OsStr::from_bytes(&self.whole[..end.unwrap_or(self.whole.len())])
    }

    pub(super) fn whole(&self) -> &OsStr {
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

    pub(super) fn kind(&self) -> Option<FileType> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let status = statx(&self.folder, self.name(), flags, StatxFlags::TYPE).ok()?;
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
