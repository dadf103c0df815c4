//! The first moments of a worker, from its birth to the call of its main function.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use mycelium_policy::Rung;
use mycelium_types::Limits;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::net::sockopt::Timeout;
use rustix::process::DumpableBehavior;
use rustix::process::Signal;
use rustix::process::set_dumpable_behavior;
use rustix::process::set_parent_process_death_signal;
use rustix::process::setsid;
use rustix::system::setdomainname;
use rustix::system::sethostname;
use rustix::thread::set_name;
use rustix::thread::set_no_new_privs;
use serde::Deserialize;
use serde::Serialize;

use crate::Footing;
use crate::Layer;
use crate::Note;
use crate::OsError;
use crate::SandboxError;
use crate::SandboxReport;
use crate::Seat;
use crate::Step;
use crate::WorkerKind;
use crate::attack;
use crate::cgroup::Entrance;
use crate::filter::Filter;
use crate::filter::Instruction;
use crate::filter::Listening;
use crate::filter::compile;
use crate::launcher::host::NAMESPACES;
use crate::launcher::identity::Identity;
use crate::launcher::identity::drop_capabilities;
use crate::launcher::identity::drop_own_capabilities;
use crate::launcher::root;
use crate::limits::limit_self;
use crate::limits::temporary_bytes;
use crate::question;
use crate::question::Questions;
use crate::report::SCOPED_LANDLOCK;
use crate::syscall;
use crate::syscall::Cloned;
use crate::wire::Channel;
use crate::wire::Job;

/// The status of a worker whose main function panicked.
const PANICKED: u8 = 101;
/// The status of a worker that could not be set up.
const NOT_SET_UP: u8 = 102;

/// What a launcher tells a new worker: that its user is mapped.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Go;

/// What a new worker tells its launcher, once.
pub(super) type Verdict = Result<SandboxReport, SandboxError>;

/// A filter as it is loaded when somebody listens, and when not.
pub(super) struct Filters {
    listened: Vec<Instruction>,
    plain: Vec<Instruction>,
}

impl Filters {
    pub(super) fn of(filter: &Filter) -> Self {
        Self {
            listened: compile(filter, Listening::Yes),
            plain: compile(filter, Listening::No),
        }
    }

    /// Loads the filter; returns how long it is, and where it tells.
    fn load(&self, footing: Footing) -> Result<(usize, Option<Questions>), OsError> {
        match (question::load_filter(&self.listened), footing) {
            (Ok(told), _) => Ok((self.listened.len(), Some(told))),
            // An old kernel, or one that forbids it: what is refused stays refused, untold.
            (Err(_), Footing::Namespaces) => {
                syscall::load_filter(&self.plain).map(|()| (self.plain.len(), None))
            }
            (Err(error), Footing::Bare) => Err(error),
        }
    }
}

/// What a worker inherits.
pub(super) struct Birth<'a> {
    pub(super) identity: &'a Identity,
    pub(super) footing: Footing,
    pub(super) landlock_abi: Option<i32>,
    pub(super) filter: &'a Filters,
    pub(super) null: &'a OwnedFd,
    /// Where what it prints goes, if anywhere.
    pub(super) output: Option<OwnedFd>,
    /// The way into the worker's control group.
    pub(super) entrance: Option<Entrance>,
    pub(super) socket: OwnedFd,
    pub(super) setup: Channel,
    pub(super) job: Job,
    pub(super) worker_main: fn(Seat) -> u8,
}

/// A worker's whole life.
pub(super) fn live(birth: Birth<'_>) -> ! {
    let (verdict, questions) = match prepare(&birth) {
        Ok((report, questions)) => (Ok(report), questions),
        Err(error) => (Err(error), None),
    };
    let report = verdict.as_ref().ok().cloned();
    // The filter is loaded: from here on the worker is as it will always be.
    let questions = questions.map(Questions::into_descriptor);
    let passed: Vec<_> = questions.iter().map(AsFd::as_fd).collect();
    let told = birth.setup.send(&verdict, &passed);
    // A worker that kept it could let its own calls go on.
    drop(questions);
    let Birth {
        socket,
        setup,
        job,
        worker_main,
        ..
    } = birth;
    drop(setup);
    let (Some(report), Ok(())) = (report, told) else {
        syscall::terminate(NOT_SET_UP)
    };
    let seat = Seat::new(UnixStream::from(socket), job.kind(), report);
    let main = match job {
        Job::Serve | Job::Program => worker_main,
        Job::Probe => attack::worker_main,
    };
    syscall::terminate(catch_unwind(AssertUnwindSafe(|| main(seat))).unwrap_or(PANICKED))
}

/// Gives up the host, step by step. The order matters: each step needs rights that a later one drops.
fn prepare(birth: &Birth<'_>) -> Result<(SandboxReport, Option<Questions>), SandboxError> {
    let kernel = |step| {
        move |source| SandboxError::Setup {
            step,
            path: None,
            source,
        }
    };

    // Whatever memory it uses from here on is the worker's.
    if let Some(entrance) = &birth.entrance {
        entrance.enter()?;
    }
    // Nothing of the launcher's is kept open, least of all other workers' sockets. This comes early:
    // a launcher that ends must be noticed by those at the other ends.
    let output = birth.output.as_ref().unwrap_or(birth.null);
    rustix::stdio::dup2_stdin(birth.null)
        .and_then(|()| rustix::stdio::dup2_stdout(output))
        .and_then(|()| rustix::stdio::dup2_stderr(output))
        .map_err(SandboxError::step(Step::Descriptors))?;
    let kept = [
        birth.socket.as_raw_fd() as u32,
        birth.setup.as_fd().as_raw_fd() as u32,
    ];
    syscall::close_all_but(&kept).map_err(kernel(Step::Descriptors))?;
    syscall::unblock_signals().map_err(kernel(Step::Plumbing))?;

    let Some((Go, _)) = birth.setup.receive::<Go>()? else {
        return Err(SandboxError::LauncherLost);
    };
    let mut notes = match birth.footing {
        Footing::Namespaces => {
            birth.identity.assume()?;
            die_with_launcher(&birth.setup)?;
            leave_host(birth.job.kind())?
        }
        Footing::Bare => {
            die_with_launcher(&birth.setup)?;
            vec![Note::NoNamespaces]
        }
    };
    match birth.landlock_abi {
        None => notes.push(Note::NoLandlock),
        Some(abi) if abi < SCOPED_LANDLOCK => notes.push(Note::OldLandlock { abi }),
        Some(_) => {}
    }
    setsid().map_err(SandboxError::step(Step::Session))?;
    limit_self(birth.job.kind())?;
    // Without consequence if it fails.
    let _ = set_name(c"mycelium-worker");

    match birth.footing {
        Footing::Namespaces => drop_capabilities()?,
        Footing::Bare => drop_own_capabilities()?,
    }
    set_no_new_privs(true).map_err(SandboxError::step(Step::NoNewPrivileges))?;
    let (instructions, questions) =
        (birth.filter.load(birth.footing)).map_err(kernel(Step::Filter))?;
    // Where there are no namespaces the launcher listens, to another kind of question.
    if questions.is_none() || birth.footing == Footing::Bare {
        notes.push(Note::Coarse);
    }
    let mut layers = vec![Layer::Filter { instructions }, Layer::ResourceLimits];
    if birth.footing == Footing::Namespaces {
        layers.insert(0, Layer::Namespaces);
    }
    let report = SandboxReport {
        rung: Rung::None,
        layers,
        notes,
    };
    Ok((report, questions))
}

/// Moves into the private root, under a name of its own.
fn leave_host(kind: WorkerKind) -> Result<Vec<Note>, SandboxError> {
    let notes = root::enter(kind, temporary_bytes(&Limits::default()))?;
    sethostname(b"mycelium").map_err(SandboxError::step(Step::HostName))?;
    setdomainname(b"").map_err(SandboxError::step(Step::HostName))?;
    Ok(notes)
}

/// How long a rehearsal may take. One that takes longer says that there can be no such workers, for as long as the launcher
/// lives: no machine that only stands still for a while is to be taken for that.
const REHEARSAL_LIMIT: Duration = Duration::from_secs(50);

/// Makes a worker that moves into a private root and ends: whether there can be any is seen by trying.
#[allow(unsafe_code, reason = "clone3 copies a running process")]
pub(super) fn rehearse(identity: &Identity) -> Result<(), SandboxError> {
    let plumbing = || SandboxError::step(Step::Plumbing);
    let (ours, theirs) = Channel::pair().map_err(plumbing())?;
    ours.limit(Timeout::Recv, REHEARSAL_LIMIT)
        .map_err(plumbing())?;
    // SAFETY: the launcher has one thread. The child ends below.
    let cloned = unsafe { syscall::clone_process(NAMESPACES, None) };
    match cloned {
        Ok(Cloned::Child) => {
            drop(ours);
            let outcome = match theirs.receive::<Go>() {
                Ok(Some(_)) => identity
                    .assume()
                    .and_then(|()| leave_host(WorkerKind::Embedded)),
                Ok(None) => Err(SandboxError::LauncherLost),
                Err(error) => Err(error),
            };
            let _ = theirs.send(&outcome.map(drop), &[]);
            syscall::terminate(0)
        }
        // It is buried with the others, whenever it has ended.
        Ok(Cloned::Parent { pid, .. }) => {
            drop(theirs);
            identity.map_worker(pid)?;
            ours.send(&Go, &[])?;
            match ours.receive::<Result<(), SandboxError>>()? {
                Some((outcome, _)) => outcome,
                None => Err(SandboxError::SetupDied),
            }
        }
        Err(source) => Err(SandboxError::Setup {
            step: Step::Namespaces,
            path: None,
            source,
        }),
    }
}

/// Asks the kernel to end this process with the launcher. Changing the user clears that wish, and so
/// does being late: hence after the one, and with a look whether the launcher is still there.
fn die_with_launcher(setup: &Channel) -> Result<(), SandboxError> {
    let step = || SandboxError::step(Step::DeathSignal);
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(step())?;
    // After a change of user a process's own files in /proc belong to nobody it can be.
    set_dumpable_behavior(DumpableBehavior::Dumpable).map_err(step())?;
    let mut wait = [PollFd::new(setup, PollFlags::empty())];
    poll(&mut wait, Some(&Timespec::default())).map_err(step())?;
    if wait[0].revents().contains(PollFlags::HUP) {
        return Err(SandboxError::LauncherLost);
    }
    Ok(())
}
