//! A worker's private root: a small file system in memory with nothing of the host in it.
//!
//! Runs inside the new worker, as its user, while it still has all capabilities in its namespaces.

use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::mkdirat;
use rustix::fs::openat;
use rustix::io::Errno;
use rustix::mount::FsMountFlags;
use rustix::mount::FsOpenFlags;
use rustix::mount::MountAttrFlags;
use rustix::mount::MoveMountFlags;
use rustix::mount::OpenTreeFlags;
use rustix::mount::UnmountFlags;
use rustix::mount::fsconfig_create;
use rustix::mount::fsconfig_set_string;
use rustix::mount::fsmount;
use rustix::mount::fsopen;
use rustix::mount::move_mount;
use rustix::mount::open_tree;
use rustix::mount::unmount;
use rustix::process::chdir;
use rustix::process::fchdir;
use rustix::process::pivot_root;
use rustix::process::umask;

use crate::Note;
use crate::SandboxError;
use crate::Step;
use crate::WorkerKind;
use crate::launcher::runtime_files;
use crate::syscall::MountChange;
use crate::syscall::set_mount_attributes;

/// Room for the folders above injected paths, and the files below.
const ROOT_SIZE: u64 = 1 << 20;
const ROOT_ENTRIES: u64 = 4096;

/// The devices that programs cannot do without, none of which holds or leaks anything.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// What covers a folder and a file that look empty.
pub(super) const NOTHING: &str = "/mycelium/nothing";
pub(super) const EMPTY: &str = "/mycelium/empty";

const FOLDERS: [&str; 6] = ["dev", "etc", "mycelium", "mycelium/nothing", "proc", "tmp"];

/// Files that C libraries look for; the same in every worker.
const FILES: [(&str, &str); 6] = [
    ("mycelium/empty", ""),
    (
        "etc/passwd",
        "skill:x:1000:1000:skill:/mycelium/data:/usr/sbin/nologin\n",
    ),
    ("etc/group", "skill:x:1000:\n"),
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    (
        "etc/nsswitch.conf",
        "passwd: files\ngroup: files\nhosts: files dns\n",
    ),
    // Without a network nobody answers there, which is known at once.
    ("etc/resolv.conf", "nameserver 127.0.0.1\n"),
];

/// Builds the private root and moves into it, leaving the host's behind.
pub(super) fn enter(kind: WorkerKind, tmp_bytes: u64) -> Result<Vec<Note>, SandboxError> {
    let before = umask(Mode::empty());
    let notes = build(kind, tmp_bytes);
    umask(before);
    notes
}

fn build(kind: WorkerKind, tmp_bytes: u64) -> Result<Vec<Note>, SandboxError> {
    let mut notes = Vec::new();
    let root = temporary_file_system(ROOT_SIZE, ROOT_ENTRIES, "0755").map_err(at("/"))?;
    for folder in FOLDERS {
        mkdirat(&root, folder, Mode::from_raw_mode(0o755)).map_err(at(folder))?;
    }
    for (name, content) in FILES {
        let file = create_file(&root, name).map_err(at(name))?;
        rustix::io::write(file, content.as_bytes()).map_err(at(name))?;
    }
    for device in DEVICES {
        // Mapped as shared it is memory that no limit of a process counts.
        if kind == WorkerKind::Program && device == "zero" {
            continue;
        }
        show_device(&root, device).map_err(at(device))?;
    }
    match kind {
        WorkerKind::Embedded => {}
        WorkerKind::Program => runtime_files::show(&root)?,
    }
    let tmp = temporary_file_system(tmp_bytes, entries(tmp_bytes), "0700").map_err(at("tmp"))?;
    attach(&tmp, &root, "tmp").map_err(at("tmp"))?;
    match process_file_system() {
        Ok(proc) => {
            // Its files change the process itself, past what the filter and the protection of pages allow.
            let change = MountChange {
                set: libc::MOUNT_ATTR_RDONLY,
                ..MountChange::default()
            };
            set_mount_attributes(proc.as_fd(), c"", &change)
                .map_err(SandboxError::step_at(Step::PrivateRoot, "proc"))?;
            attach(&proc, &root, "proc").map_err(at("proc"))?;
        }
        // Where parts of the host's own /proc are hidden, as in many containers, the kernel does not
        // let a new one show them.
        Err(Errno::PERM) => notes.push(Note::NoProc),
        Err(errno) => return Err(at("proc")(errno)),
    }

    // The new root is put on top of the old one and the two change places; then the old one, now on
    // top, is taken off. Nothing of the host can be named from here on.
    let pivot = || SandboxError::step(Step::PivotRoot);
    move_mount(&root, "", CWD, "/", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).map_err(pivot())?;
    fchdir(&root).map_err(pivot())?;
    pivot_root(".", ".").map_err(pivot())?;
    unmount(".", UnmountFlags::DETACH).map_err(pivot())?;
    chdir("/").map_err(pivot())?;
    set_root(RootState::Sealed)?;
    Ok(notes)
}

/// Whether folders can be made in the private root.
#[derive(Clone, Copy)]
pub(super) enum RootState {
    Open,
    Sealed,
}

/// Opens or seals the private root of the mount namespace the caller is in.
pub(super) fn set_root(state: RootState) -> Result<(), SandboxError> {
    let change = match state {
        RootState::Open => MountChange {
            clear: libc::MOUNT_ATTR_RDONLY,
            ..MountChange::default()
        },
        RootState::Sealed => MountChange {
            set: libc::MOUNT_ATTR_RDONLY,
            ..MountChange::default()
        },
    };
    set_mount_attributes(CWD, c"/", &change).map_err(SandboxError::step_at(Step::PrivateRoot, "/"))
}

/// How many files a file system of `bytes` may have: each takes memory, too.
pub(super) fn entries(bytes: u64) -> u64 {
    (bytes / 4096).max(64)
}

fn at(path: &str) -> impl FnOnce(Errno) -> SandboxError {
    SandboxError::step_at(Step::PrivateRoot, path)
}

fn temporary_file_system(bytes: u64, entries: u64, mode: &str) -> Result<OwnedFd, Errno> {
    file_system(
        "tmpfs",
        &[
            ("size", &bytes.to_string()),
            ("nr_inodes", &entries.to_string()),
            ("mode", mode),
        ],
    )
}

/// Only the worker's own process, nothing of the kernel's settings.
fn process_file_system() -> Result<OwnedFd, Errno> {
    file_system("proc", &[("subset", "pid"), ("hidepid", "invisible")])
}

fn file_system(kind: &str, options: &[(&str, &str)]) -> Result<OwnedFd, Errno> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        fsconfig_set_string(context.as_fd(), *key, *value)?;
    }
    fsconfig_create(context.as_fd())?;
    fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::MOUNT_ATTR_NOSUID
            | MountAttrFlags::MOUNT_ATTR_NODEV
            | MountAttrFlags::MOUNT_ATTR_NOEXEC,
    )
}

pub(super) fn attach(mount: &OwnedFd, root: &OwnedFd, place: &str) -> Result<(), Errno> {
    move_mount(
        mount,
        "",
        root,
        place,
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
    )
}

pub(super) fn create_file(root: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    openat(
        root,
        name,
        OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::from_raw_mode(0o644),
    )
}

fn show_device(root: &OwnedFd, device: &str) -> Result<(), Errno> {
    let host = open_tree(
        CWD,
        format!("/dev/{device}"),
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
    )?;
    // Read-only is about the file's name and mode; what a device does with bytes is its own matter.
    let change = MountChange {
        set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC,
        ..MountChange::default()
    };
    set_mount_attributes(host.as_fd(), c"", &change)
        .map_err(|error| Errno::from_raw_os_error(error.raw()))?;
    let place = format!("dev/{device}");
    create_file(root, &place)?;
    attach(&host, root, &place)
}
