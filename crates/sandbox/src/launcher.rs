//! The launcher: one small process with one thread that makes workers, equips and buries them.
//!
//! The program becomes a launcher when its first argument is
//! [`LAUNCHER_ARGUMENT`](crate::LAUNCHER_ARGUMENT); it must then call [`run`] before it starts a
//! thread. Workers are copies of this process, made without `exec`: whatever the launcher had in
//! memory they have, so it is started with an empty environment and holds no secrets.

mod clerk;
mod host;
mod id_map;
mod identity;
mod inject;
mod network;
mod root;
mod runtime_files;
mod worker;

use std::os::fd::OwnedFd;

use mycelium_policy::Rung;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::openat;
use rustix::process::Signal;
use rustix::process::chdir;
use rustix::process::getpid;
use rustix::process::set_child_subreaper;
use rustix::process::set_parent_process_death_signal;
use rustix::process::setsid;
use rustix::thread::set_name;

use crate::Footing;
use crate::SandboxError;
use crate::Seat;
use crate::Step;
use crate::cgroup;
use crate::filter::BARE;
use crate::filter::EMBEDDED;
use crate::filter::PROGRAM;
use crate::launcher::host::Host;
use crate::launcher::host::Parts;
use crate::launcher::identity::Identity;
use crate::launcher::worker::Filters;
use crate::question;
use crate::syscall;
use crate::turns;
use crate::wire::Channel;
use crate::wire::Reply;
use crate::wire::Request;
use crate::wire::Surroundings;

/// The exit status of a launcher whose supervisor went away, as it does at the end.
const DONE: u8 = 0;
/// The exit status of a launcher that could not do its work.
const FAILED: u8 = 70;

/// Runs the launcher until its supervisor goes away; returns the process's exit status.
///
/// Standard input is the control socket. `worker_main` is called in every worker, with the worker's
/// [`Seat`], and what it returns becomes the worker's exit status. It must not start threads, nor
/// processes but by its seat: the worker's filter refuses what it can.
pub fn run(worker_main: fn(Seat) -> u8) -> u8 {
    let Ok(control) = take_control_socket() else {
        return FAILED;
    };
    // Workers are copies of this process. Without it they are as safe, and wait longer beside others.
    let _ = turns::take_short_turns();
    let begin = match control.receive::<Request>() {
        Ok(Some((Request::Begin { user, group }, _))) => (user, group),
        Ok(None) => return DONE,
        Ok(Some(_)) | Err(_) => return FAILED,
    };
    let (parts, surroundings) = match prepare(begin, worker_main) {
        Ok(ready) => ready,
        Err(error) => {
            // If nobody listens any more, nobody needs to know.
            let _ = control.send(&Reply::Impossible(error), &[]);
            return FAILED;
        }
    };
    if control.send(&Reply::Ready(surroundings), &[]).is_err() {
        return FAILED;
    }
    match Host::new(control, parts) {
        Ok(host) => host.serve(),
        Err(_) => FAILED,
    }
}

/// Moves the control socket away from standard input, where whatever reads it would do harm.
fn take_control_socket() -> Result<Channel, SandboxError> {
    let step = || SandboxError::step(Step::Plumbing);
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3).map_err(step())?;
    let null = open_null()?;
    rustix::stdio::dup2_stdin(&null).map_err(step())?;
    rustix::stdio::dup2_stdout(&null).map_err(step())?;
    Ok(Channel::new(socket))
}

fn open_null() -> Result<OwnedFd, SandboxError> {
    openat(
        CWD,
        "/dev/null",
        OFlags::RDWR | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(SandboxError::step_at(Step::Plumbing, "/dev/null"))
}

/// Becomes what a launcher is; `user` and `group` are those of root's workers.
fn prepare(
    (user, group): (u32, u32),
    worker_main: fn(Seat) -> u8,
) -> Result<(Parts, Surroundings), SandboxError> {
    let step = || SandboxError::step(Step::Plumbing);
    // A signal of the terminal is not for us: the supervisor decides, by closing the socket. Its
    // death tells us the same by that socket and, should a copy of it be open somewhere, by a signal.
    setsid().map_err(step())?;
    chdir("/").map_err(step())?;
    let signals =
        syscall::signal_descriptor(&[libc::SIGCHLD, libc::SIGTERM]).map_err(|source| {
            SandboxError::Setup {
                step: Step::Plumbing,
                path: None,
                source,
            }
        })?;
    set_parent_process_death_signal(Some(Signal::TERM)).map_err(step())?;
    set_child_subreaper(Some(getpid())).map_err(step())?;
    // Without consequence if it fails.
    let _ = set_name(c"mycelium-launch");

    let landlock_abi = syscall::landlock_abi().ok();
    let cgroup = cgroup::find(getpid());
    if let Some(place) = &cgroup {
        cgroup::sweep(place);
    }
    let (identity, footing, obstacle) = stand(user, group)?;
    if footing == Footing::Bare && !question::is_available() {
        return Err(SandboxError::NoQuestions);
    }
    if footing.rung(landlock_abi) == Rung::None {
        return Err(obstacle.unwrap_or(SandboxError::NoLandlock));
    }
    let surroundings = Surroundings {
        landlock_abi,
        footing,
        obstacle,
        privilege: identity.privilege,
        cgroup: cgroup.clone(),
    };
    let parts = Parts {
        identity,
        signals,
        null: open_null()?,
        own_namespace: identity::own_mount_namespace()?,
        embedded_filter: Filters::of(match footing {
            Footing::Namespaces => &EMBEDDED,
            Footing::Bare => &BARE,
        }),
        program_filter: Filters::of(&PROGRAM),
        footing,
        landlock_abi,
        cgroup,
        worker_main,
    };
    Ok((parts, surroundings))
}

/// Finds out what workers can stand on, by making one that gets no further than its private root; with the
/// reason if that is not on namespaces.
///
/// # Errors
/// When that cannot be found out now: less would hold for as long as the launcher lives.
fn stand(user: u32, group: u32) -> Result<(Identity, Footing, Option<SandboxError>), SandboxError> {
    let tried = Identity::establish(user, group).and_then(|identity| {
        identity.shed_capabilities()?;
        worker::rehearse(&identity)?;
        Ok(identity)
    });
    match tried {
        Ok(identity) => Ok((identity, Footing::Namespaces, None)),
        Err(obstacle) if is_momentary(&obstacle) => Err(obstacle),
        Err(obstacle) => Ok((Identity::unchanged(), Footing::Bare, Some(obstacle))),
    }
}

/// Whether a machine that has namespaces says so, too, while it has too many processes or too little memory.
fn is_momentary(obstacle: &SandboxError) -> bool {
    let SandboxError::Setup { source, .. } = obstacle else {
        return false;
    };
    matches!(source.raw(), libc::EAGAIN | libc::ENOMEM)
}
