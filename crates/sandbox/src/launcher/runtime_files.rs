//! What a program of its own sees of the host: the system's programs and libraries, read-only.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;

use mycelium_policy::RUNTIME_FOLDERS;
use mycelium_policy::RUNTIME_SETTINGS;
use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::mkdirat;
use rustix::fs::readlinkat;
use rustix::fs::statat;
use rustix::fs::symlinkat;
use rustix::io::Errno;
use rustix::mount::OpenTreeFlags;
use rustix::mount::open_tree;

use crate::SandboxError;
use crate::Step;
use crate::launcher::root::attach;
use crate::launcher::root::create_file;
use crate::syscall::MountChange;
use crate::syscall::set_mount_attributes;

/// The names by which programs open what they have open already.
const OPEN_FILES: [(&str, &str); 4] = [
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
];

/// Shows the host's programs and libraries in the new private root `root`.
pub(super) fn show(root: &OwnedFd) -> Result<(), SandboxError> {
    for (target, link) in OPEN_FILES {
        symlinkat(target, root, link).map_err(SandboxError::step_at(Step::PrivateRoot, link))?;
    }
    for path in RUNTIME_FOLDERS.iter().chain(&RUNTIME_SETTINGS) {
        show_one(root, path).map_err(SandboxError::step_at(Step::PrivateRoot, *path))?;
    }
    Ok(())
}

/// Shows what is at `path`; a machine need not have it.
fn show_one(root: &OwnedFd, path: &str) -> Result<(), Errno> {
    let status = match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(status) => status,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let place = path.trim_start_matches('/');
    make_folders_above(root, place)?;
    match FileType::from_raw_mode(status.st_mode) {
        // Usually `/bin -> usr/bin`: the same link leads to the same place inside.
        FileType::Symlink => {
            let target = readlinkat(CWD, path, Vec::new())?;
            symlinkat(target, root, place)
        }
        FileType::Directory => {
            mkdirat(root, place, Mode::from_raw_mode(0o755))?;
            show_tree(root, path, place)
        }
        FileType::RegularFile => {
            create_file(root, place)?;
            show_tree(root, path, place)
        }
        _ => Ok(()),
    }
}

fn make_folders_above(root: &OwnedFd, place: &str) -> Result<(), Errno> {
    let above = Path::new(place).parent().into_iter();
    let mut folders: Vec<_> = above.flat_map(Path::ancestors).collect();
    folders.reverse();
    for folder in folders {
        if folder.as_os_str().is_empty() {
            continue;
        }
        match mkdirat(root, folder, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// With whatever is mounted below: without it the copy would show what those mounts hide, which the kernel
/// does not allow.
fn show_tree(root: &OwnedFd, path: &str, place: &str) -> Result<(), Errno> {
    let tree = open_tree(
        CWD,
        path,
        OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE,
    )?;
    let change = MountChange {
        set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        below: crate::syscall::MountsBelow::Included,
        ..MountChange::default()
    };
    set_mount_attributes(tree.as_fd(), c"", &change)
        .map_err(|error| Errno::from_raw_os_error(error.raw()))?;
    attach(&tree, root, place)
}
