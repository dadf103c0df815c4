//! Showing a person's files to workers that are another user.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use rustix::pipe::PipeFlags;
use rustix::pipe::pipe_with;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitId;
use rustix::process::WaitIdOptions;
use rustix::process::pidfd_send_signal;
use rustix::process::waitid;
use rustix::thread::UnshareFlags;

use crate::SandboxError;
use crate::Step;
use crate::launcher::identity::Identity;
use crate::launcher::identity::map;
use crate::launcher::identity::user_namespace;
use crate::launcher::identity::write_maps;
use crate::syscall;
use crate::syscall::Cloned;

/// The most owners whose namespaces are kept; a person's files have few owners.
const MAX_KEPT: usize = 16;

/// User namespaces that translate one owner of files to the workers' user, made when first needed.
#[derive(Debug, Default)]
pub(super) struct IdMaps {
    kept: HashMap<(u32, u32), OwnedFd>,
}

impl IdMaps {
    /// The namespace in which the user and group `owner` of a file system are the workers' own.
    pub(super) fn get(
        &mut self,
        identity: &Identity,
        owner: (u32, u32),
    ) -> Result<BorrowedFd<'_>, SandboxError> {
        if !self.kept.contains_key(&owner) && self.kept.len() >= MAX_KEPT {
            self.kept.clear();
        }
        let kept: &OwnedFd = match self.kept.entry(owner) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(create(identity, owner)?),
        };
        Ok(kept.as_fd())
    }
}

/// A namespace exists as long as something is in it or holds it: a process that does nothing is put
/// in, the namespace opened, and the process ended.
#[allow(unsafe_code, reason = "clone3 copies a running process")]
fn create(identity: &Identity, owner: (u32, u32)) -> Result<OwnedFd, SandboxError> {
    let setup = |source| SandboxError::Setup {
        step: Step::IdentityMap,
        path: None,
        source,
    };
    let (wait, _hold) =
        pipe_with(PipeFlags::CLOEXEC).map_err(SandboxError::step(Step::IdentityMap))?;
    // SAFETY: the launcher has one thread. The child only reads and ends, dropping nothing.
    match unsafe { syscall::clone_process(UnshareFlags::NEWUSER, None) }.map_err(setup)? {
        Cloned::Child => {
            // Should the launcher end first, nothing would end this process: hence the pipe.
            let _ = syscall::close_all_but(&[wait.as_raw_fd() as u32]);
            let _ = rustix::io::read(&wait, &mut [0u8]);
            syscall::terminate(0)
        }
        Cloned::Parent { pid, pidfd } => {
            let namespace = open(pid, identity, owner);
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
            let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
            namespace
        }
    }
}

fn open(pid: Pid, identity: &Identity, owner: (u32, u32)) -> Result<OwnedFd, SandboxError> {
    write_maps(
        pid,
        map(owner.0, identity.user),
        map(owner.1, identity.group),
    )?;
    user_namespace(pid)
}
