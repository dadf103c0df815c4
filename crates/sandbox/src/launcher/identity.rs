//! Whose rights the launcher has, and who its workers are.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::openat;
use rustix::io::Errno;
use rustix::mount::MountPropagationFlags;
use rustix::mount::mount_change;
use rustix::process::Gid;
use rustix::process::Pid;
use rustix::process::Uid;
use rustix::process::getegid;
use rustix::process::geteuid;
use rustix::thread::CapabilitySet;
use rustix::thread::CapabilitySets;
use rustix::thread::UnshareFlags;
use rustix::thread::capabilities;
use rustix::thread::clear_ambient_capability_set;
use rustix::thread::remove_capability_from_bounding_set;
use rustix::thread::set_capabilities;
use rustix::thread::set_thread_groups;
use rustix::thread::set_thread_res_gid;
use rustix::thread::set_thread_res_uid;

use crate::SandboxError;
use crate::Step;
use crate::kernel_file;
use crate::syscall;
use crate::wire::Privilege;

/// The user and group a worker is inside its own namespace.
pub(super) const INSIDE: u32 = 1000;

/// What a launcher that is root keeps: mounting, entering workers' namespaces, mapping users, and
/// reaching a person's folders whatever their mode.
const KEPT: CapabilitySet = CapabilitySet::SYS_ADMIN
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// Who workers are, as the launcher's own user namespace numbers users.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    pub(super) privilege: Privilege,
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Identity {
    /// Takes the launcher into namespaces of its own.
    ///
    /// An ordinary person's launcher gets the right to mount from a user namespace, in which it stays
    /// that person. Root's needs none, and its workers must not be root: they are `user` and `group`.
    pub(super) fn establish(user: u32, group: u32) -> Result<Self, SandboxError> {
        let own = (geteuid().as_raw(), getegid().as_raw());
        let enter = |namespaces| {
            syscall::unshare(namespaces).map_err(|source| SandboxError::Setup {
                step: Step::OuterNamespaces,
                path: None,
                source,
            })
        };
        let identity = if own.0 == 0 {
            enter(UnshareFlags::NEWNS)?;
            Self {
                privilege: Privilege::Root,
                user,
                group,
            }
        } else {
            enter(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
            // A process without privileges may map only itself, and only without further groups.
            write("/proc/self/setgroups", "deny", Step::OuterNamespaces)?;
            write(
                "/proc/self/uid_map",
                &map(own.0, own.0),
                Step::OuterNamespaces,
            )?;
            write(
                "/proc/self/gid_map",
                &map(own.1, own.1),
                Step::OuterNamespaces,
            )?;
            Self {
                privilege: Privilege::Person,
                user: own.0,
                group: own.1,
            }
        };
        // What is mounted on the host later is seen here, what is mounted here is seen nowhere else.
        mount_change(
            "/",
            MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC,
        )
        .map_err(SandboxError::step_at(Step::OuterNamespaces, "/"))?;
        Ok(identity)
    }

    /// Stays who it is, and so do its workers.
    pub(super) fn unchanged() -> Self {
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        Self {
            privilege: if user == 0 {
                Privilege::Root
            } else {
                Privilege::Person
            },
            user,
            group,
        }
    }

    /// Gives up what a launcher that is root does not need.
    pub(super) fn shed_capabilities(&self) -> Result<(), SandboxError> {
        match self.privilege {
            Privilege::Person => Ok(()),
            Privilege::Root => {
                let step = || SandboxError::step(Step::LauncherCapabilities);
                bound_capabilities(KEPT).map_err(step())?;
                let kept = capabilities(None).map_err(step())?.permitted & KEPT;
                set_capabilities(
                    None,
                    CapabilitySets {
                        effective: kept,
                        permitted: kept,
                        inheritable: CapabilitySet::empty(),
                    },
                )
                .map_err(step())
            }
        }
    }

    /// Says who the only user and group in the new namespace of process `pid` are.
    pub(super) fn map_worker(&self, pid: Pid) -> Result<(), SandboxError> {
        write_maps(pid, map(INSIDE, self.user), map(INSIDE, self.group))
    }

    /// In a worker whose namespace is mapped: becomes that user and nobody else.
    pub(super) fn assume(&self) -> Result<(), SandboxError> {
        let step = || SandboxError::step(Step::Identity);
        match self.privilege {
            // The kernel forbids changing groups in the launcher's namespace; they stay the person's.
            Privilege::Person => {}
            Privilege::Root => set_thread_groups(&[]).map_err(step())?,
        }
        let group = Gid::from_raw(INSIDE);
        set_thread_res_gid(group, group, group).map_err(step())?;
        let user = Uid::from_raw(INSIDE);
        set_thread_res_uid(user, user, user).map_err(step())
    }

    /// Does `work` as the worker's user as far as files are concerned.
    pub(super) fn with_worker_files<T>(&self, work: impl FnOnce() -> T) -> T {
        match self.privilege {
            Privilege::Person => work(),
            Privilege::Root => {
                syscall::set_file_identity(self.user, self.group);
                let result = work();
                syscall::set_file_identity(0, 0);
                result
            }
        }
    }
}

/// In a worker: drops every capability for good.
pub(super) fn drop_capabilities() -> Result<(), SandboxError> {
    bound_capabilities(CapabilitySet::empty()).map_err(SandboxError::step(Step::Capabilities))?;
    drop_held_capabilities()
}

/// In a worker without namespaces: drops every capability. It stays root's if its supervisor is, and can gain
/// nothing by that: it can never run a program.
pub(super) fn drop_own_capabilities() -> Result<(), SandboxError> {
    // Only who may change its capabilities can bound them. Who may not has none.
    let _ = bound_capabilities(CapabilitySet::empty());
    drop_held_capabilities()
}

fn drop_held_capabilities() -> Result<(), SandboxError> {
    let step = || SandboxError::step(Step::Capabilities);
    clear_ambient_capability_set().map_err(step())?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: CapabilitySet::empty(),
            permitted: CapabilitySet::empty(),
            inheritable: CapabilitySet::empty(),
        },
    )
    .map_err(step())
}

/// Makes it impossible ever to have a capability that is not in `kept`, including those that only a
/// newer kernel knows.
fn bound_capabilities(kept: CapabilitySet) -> Result<(), Errno> {
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if kept.contains(capability) {
            continue;
        }
        match remove_capability_from_bounding_set(capability) {
            Ok(()) => {}
            // The kernel knows no further ones.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Says that in the new user namespace of `pid`, `users` and `groups` are mapped.
pub(super) fn write_maps(pid: Pid, users: String, groups: String) -> Result<(), SandboxError> {
    let folder = Path::new("/proc").join(pid.as_raw_pid().to_string());
    write(folder.join("uid_map"), &users, Step::IdentityMap)?;
    write(folder.join("gid_map"), &groups, Step::IdentityMap)
}

/// One line of a map.
pub(super) fn map(inside: u32, outside: u32) -> String {
    format!("{inside} {outside} 1")
}

/// The namespace of process `pid`, kept open.
pub(super) fn user_namespace(pid: Pid) -> Result<OwnedFd, SandboxError> {
    let path = format!("/proc/{}/ns/user", pid.as_raw_pid());
    open(&path).map_err(SandboxError::step_at(Step::IdentityMap, path))
}

/// The calling process's mount namespace, kept open.
pub(super) fn own_mount_namespace() -> Result<OwnedFd, SandboxError> {
    let path = "/proc/self/ns/mnt";
    open(path).map_err(SandboxError::step_at(Step::OuterNamespaces, path))
}

fn open(path: &str) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

fn write(path: impl AsRef<Path>, text: &str, step: Step) -> Result<(), SandboxError> {
    let path = path.as_ref();
    kernel_file::write(path, text).map_err(SandboxError::step_at(step, path))
}
