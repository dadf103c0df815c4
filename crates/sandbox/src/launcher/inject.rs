//! Showing host paths to a worker that is already locked in.
//!
//! The launcher copies a mount of each path in its own namespace, narrows it, enters the worker's
//! mount namespace, and attaches it there. The worker sees the path appear; it can neither do this
//! itself nor undo it.

use std::ffi::CStr;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;

use mycelium_types::FileAccess;
use mycelium_types::Limits;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::Stat;
use rustix::fs::fstat;
use rustix::fs::fstatfs;
use rustix::fs::mkdirat;
use rustix::fs::openat;
use rustix::fs::openat2;
use rustix::fs::stat;
use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::mount::MoveMountFlags;
use rustix::mount::OpenTreeFlags;
use rustix::mount::mount_remount;
use rustix::mount::move_mount;
use rustix::mount::open_tree;
use rustix::thread::LinkNameSpaceType;
use rustix::thread::ThreadNameSpaceType;
use rustix::thread::move_into_link_name_space;
use rustix::thread::move_into_thread_name_spaces;

use crate::Note;
use crate::OsError;
use crate::Refusal;
use crate::SandboxError;
use crate::Step;
use crate::launcher::id_map::IdMaps;
use crate::launcher::identity::Identity;
use crate::launcher::root::EMPTY;
use crate::launcher::root::NOTHING;
use crate::launcher::root::RootState;
use crate::launcher::root::entries;
use crate::launcher::root::set_root;
use crate::limits::temporary_bytes;
use crate::plan::Execution;
use crate::plan::Placement;
use crate::plan::Plan;
use crate::syscall::MountChange;
use crate::syscall::set_mount_attributes;
use crate::wire::Privilege;

/// File systems through which the kernel itself is spoken to. None of them is ever shown.
const KERNEL_FILE_SYSTEMS: [u64; 14] = [
    0x0000_9fa0, // proc
    0x6265_6572, // sysfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xf97c_ff8c, // selinux
    0x6265_6570, // configfs
    0xcafe_4a11, // bpf
    0xde5e_81e4, // efivarfs
    0x0000_1cd1, // devpts
    0x6e73_6673, // nsfs
    0x1980_0202, // mqueue
];

/// What every injected mount has: no set-user-id programs and no devices. Nearly all have nothing to
/// execute either.
const NARROWED: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;

/// Everything injection needs of the launcher.
pub(super) struct Injector<'a> {
    pub(super) identity: &'a Identity,
    pub(super) id_maps: &'a mut IdMaps,
    pub(super) own_namespace: &'a OwnedFd,
}

/// How injection went wrong.
pub(super) enum InjectError {
    /// The worker is as good as unusable, the launcher is fine.
    Worker(SandboxError),
    /// The launcher cannot get back to its own mount namespace and must end.
    Stranded,
}

impl From<SandboxError> for InjectError {
    fn from(error: SandboxError) -> Self {
        Self::Worker(error)
    }
}

impl Injector<'_> {
    /// Shows the worker behind `pidfd` what `plan` says.
    pub(super) fn inject(
        &mut self,
        pidfd: &OwnedFd,
        plan: &Plan,
    ) -> Result<Vec<Note>, InjectError> {
        let mut notes = Vec::new();
        let mut mounts = Vec::with_capacity(plan.placements.len());
        for placement in &plan.placements {
            let mount = self.copy(placement, &mut notes)?;
            mounts.push((placement, mount));
        }
        move_into_thread_name_spaces(pidfd.as_fd(), ThreadNameSpaceType::MOUNT).map_err(
            |errno| match errno {
                Errno::SRCH => SandboxError::WorkerLost,
                other => SandboxError::step(Step::PrivateRoot)(other),
            },
        )?;
        let attached = self
            .identity
            .with_worker_files(|| attach_all(&mounts, plan));
        move_into_link_name_space(self.own_namespace.as_fd(), Some(LinkNameSpaceType::Mount))
            .map_err(|_| InjectError::Stranded)?;
        attached?;
        Ok(notes)
    }

    /// A narrowed mount of the placement's source, attached nowhere yet.
    fn copy(
        &mut self,
        placement: &Placement,
        notes: &mut Vec<Note>,
    ) -> Result<OwnedFd, SandboxError> {
        let source = placement.source.as_path();
        let refuse = |reason| SandboxError::Refused {
            path: source.to_owned(),
            reason,
        };
        let place = open_source(source)?;
        let status = fstat(&place).map_err(|errno| refuse(unreachable(errno)))?;
        let mount = open_tree(
            &place,
            "",
            OpenTreeFlags::OPEN_TREE_CLONE
                | OpenTreeFlags::OPEN_TREE_CLOEXEC
                | OpenTreeFlags::AT_EMPTY_PATH,
        )
        .map_err(|errno| {
            refuse(match errno {
                // Without the mounts below it the copy would show what they hide.
                Errno::INVAL => Refusal::NestedMounts,
                other => Refusal::Unattachable(other.into()),
            })
        })?;
        let read_only = match placement.access {
            FileAccess::Read => libc::MOUNT_ATTR_RDONLY,
            FileAccess::Write => 0,
        };
        let no_programs = match placement.execution {
            Execution::Refused => libc::MOUNT_ATTR_NOEXEC,
            Execution::Allowed => 0,
        };
        let narrow = |id_map| {
            set_mount_attributes(
                mount.as_fd(),
                c"",
                &MountChange {
                    set: NARROWED | read_only | no_programs,
                    id_map,
                    ..MountChange::default()
                },
            )
        };
        let owner = (status.st_uid, status.st_gid);
        let foreign = owner != (self.identity.user, self.identity.group);
        match self.identity.privilege {
            Privilege::Root if foreign => {
                let id_map = self.id_maps.get(self.identity, owner)?;
                match narrow(Some(id_map)) {
                    Ok(()) => {}
                    Err(error) if lacks_id_mapping(error) => {
                        if placement.access == FileAccess::Write || !public(&status) {
                            return Err(refuse(Refusal::NoIdMapping));
                        }
                        narrow(None).map_err(|error| refuse(Refusal::Unattachable(error)))?;
                        notes.push(Note::PlainBind {
                            path: source.to_owned(),
                        });
                    }
                    Err(error) => return Err(refuse(Refusal::Unattachable(error))),
                }
            }
            Privilege::Root | Privilege::Person => {
                narrow(None).map_err(|error| refuse(Refusal::Unattachable(error)))?;
            }
        }
        Ok(mount)
    }
}

/// Opens what a policy shows, as a name only: a folder or a file, of a file system that holds somebody's files.
pub(super) fn open_source(source: &Path) -> Result<OwnedFd, SandboxError> {
    let refuse = |reason| SandboxError::Refused {
        path: source.to_owned(),
        reason,
    };
    let place = open_plain(source).map_err(|errno| refuse(unreachable(errno)))?;
    let status = fstat(&place).map_err(|errno| refuse(unreachable(errno)))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory | FileType::RegularFile => {}
        _ => return Err(refuse(Refusal::Special)),
    }
    let kind = fstatfs(&place).map_err(|errno| refuse(unreachable(errno)))?;
    if KERNEL_FILE_SYSTEMS.contains(&(kind.f_type as u64 & 0xffff_ffff)) {
        return Err(refuse(Refusal::KernelFileSystem));
    }
    Ok(place)
}

/// Opens what is at `path`, as a name only, unless a link is on the way: policies hold paths without
/// links, so one that is there now was put there since.
fn open_plain(path: &Path) -> Result<OwnedFd, Errno> {
    open_plain_in(CWD, path)
}

fn open_plain_in(folder: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    openat2(
        folder,
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

fn unreachable(errno: Errno) -> Refusal {
    match errno {
        Errno::LOOP => Refusal::Link,
        other => Refusal::Unreachable(other.into()),
    }
}

/// Whether mount_setattr(2) says that the file system, or the mount, cannot be id-mapped.
fn lacks_id_mapping(error: OsError) -> bool {
    matches!(error.raw(), libc::EINVAL | libc::EOPNOTSUPP | libc::EPERM)
}

/// Whether everybody may read it.
fn public(status: &Stat) -> bool {
    let needed = match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => 0o005,
        _ => 0o004,
    };
    status.st_mode & needed == needed
}

/// In the worker's mount namespace, as the worker's user.
fn attach_all(mounts: &[(&Placement, OwnedFd)], plan: &Plan) -> Result<(), SandboxError> {
    if plan.limits.tmp_mb != Limits::default().tmp_mb {
        resize_tmp(temporary_bytes(&plan.limits))?;
    }
    set_root(RootState::Open)?;
    let ground = Ground::survey()?;
    for (placement, mount) in mounts {
        let refuse = |errno| SandboxError::Refused {
            path: placement.source.clone(),
            reason: unreachable(errno),
        };
        let kind = fstat(mount).map_err(refuse)?;
        let place = match open_plain(&placement.target) {
            Err(Errno::NOENT) => ground
                .make(&placement.target, FileType::from_raw_mode(kind.st_mode))
                .map_err(refuse)?,
            other => other.map_err(refuse)?,
        };
        move_mount(
            mount,
            "",
            &place,
            "",
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH,
        )
        .map_err(|errno| SandboxError::Refused {
            path: placement.source.clone(),
            reason: Refusal::Unattachable(errno.into()),
        })?;
    }
    for path in &plan.covered {
        cover(path)?;
    }
    match open_plain(&plan.workspace) {
        Err(Errno::NOENT) => ground.make(&plan.workspace, FileType::Directory).map(drop),
        other => other.map(drop),
    }
    .map_err(|errno| SandboxError::WorkingDirectory {
        path: plan.workspace.clone(),
        source: errno.into(),
    })?;
    set_root(RootState::Sealed)
}

/// Lets what is at `path` look empty. Nothing there, or a link, shows nothing by itself: where a link
/// leads is shown only if it is granted.
fn cover(path: &Path) -> Result<(), SandboxError> {
    let refuse = |errno: Errno| SandboxError::Refused {
        path: path.to_owned(),
        reason: Refusal::Unattachable(errno.into()),
    };
    let place = match open_plain(path) {
        Ok(place) => place,
        Err(Errno::NOENT | Errno::LOOP) => return Ok(()),
        Err(errno) => return Err(refuse(errno)),
    };
    let status = fstat(&place).map_err(refuse)?;
    let empty = match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => NOTHING,
        _ => EMPTY,
    };
    let mount = open_tree(
        CWD,
        empty,
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
    )
    .map_err(refuse)?;
    let change = MountChange {
        set: NARROWED | libc::MOUNT_ATTR_RDONLY,
        ..MountChange::default()
    };
    set_mount_attributes(mount.as_fd(), c"", &change).map_err(|error| SandboxError::Refused {
        path: path.to_owned(),
        reason: Refusal::Unattachable(error),
    })?;
    move_mount(
        &mount,
        "",
        &place,
        "",
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH,
    )
    .map_err(refuse)
}

fn resize_tmp(bytes: u64) -> Result<(), SandboxError> {
    let options = format!("size={bytes},nr_inodes={}\0", entries(bytes));
    let options = CStr::from_bytes_with_nul(options.as_bytes()).unwrap_or_default();
    mount_remount(
        "/tmp",
        MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC,
        options,
    )
    .map_err(SandboxError::step_at(Step::PrivateRoot, "/tmp"))
}

/// Where folders may be made: in the worker's own file systems, never in the host's.
struct Ground {
    devices: [u64; 2],
}

impl Ground {
    fn survey() -> Result<Self, SandboxError> {
        let device = |path: &str| {
            stat(path)
                .map(|status| status.st_dev)
                .map_err(SandboxError::step_at(Step::PrivateRoot, path))
        };
        Ok(Self {
            devices: [device("/")?, device("/tmp")?],
        })
    }

    /// Makes an empty folder or file at `path`, where nothing is, and the folders above it.
    fn make(&self, path: &Path, kind: FileType) -> Result<OwnedFd, Errno> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Errno::NOENT);
        };
        let folder = match open_plain(above) {
            Err(Errno::NOENT) => self.make(above, FileType::Directory)?,
            other => other?,
        };
        if !self.devices.contains(&fstat(&folder)?.st_dev) {
            return Err(Errno::NOENT);
        }
        let name = Path::new(name);
        if kind == FileType::Directory {
            mkdirat(&folder, name, Mode::from_raw_mode(0o755))?;
        } else {
            openat(
                &folder,
                name,
                OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC,
                Mode::from_raw_mode(0o600),
            )?;
        }
        open_plain_in(&folder, name)
    }
}
