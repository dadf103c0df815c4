//! The launcher's loop: one request, one new worker's word or one death at a time.

mod birth;
mod burial;

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::Rung;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::pidfd_send_signal;
use rustix::thread::UnshareFlags;

use crate::Footing;
use crate::NetworkPorts;
use crate::Note;
use crate::SandboxError;
use crate::Seat;
use crate::Step;
use crate::WorkerKind;
use crate::cgroup::Cgroup;
use crate::launcher::DONE;
use crate::launcher::FAILED;
use crate::launcher::clerk;
use crate::launcher::clerk::Register;
use crate::launcher::id_map::IdMaps;
use crate::launcher::identity::Identity;
use crate::launcher::inject::InjectError;
use crate::launcher::inject::Injector;
use crate::launcher::network;
use crate::launcher::worker::Filters;
use crate::limits::limit_worker;
use crate::limits::memory_in_all;
use crate::plan::Plan;
use crate::question::Questions;
use crate::wire::CgroupPlace;
use crate::wire::Channel;
use crate::wire::Reply;
use crate::wire::Request;

/// How long a new worker may take to lock itself in. It takes milliseconds, unless the machine is in trouble.
const SETUP_LIMIT: Duration = Duration::from_secs(60);

/// How long the launcher waits at its end for workers it has killed.
const BURIAL_LIMIT: Duration = Duration::from_secs(2);

/// The new namespaces of every worker.
pub(super) const NAMESPACES: UnshareFlags = UnshareFlags::NEWUSER
    .union(UnshareFlags::NEWNS)
    .union(UnshareFlags::NEWPID)
    .union(UnshareFlags::NEWNET)
    .union(UnshareFlags::NEWIPC)
    .union(UnshareFlags::NEWUTS)
    .union(UnshareFlags::NEWCGROUP);

// What an event is about: one of these, or the number of a worker that is being set up.
const CONTROL: u64 = 0;
const SIGNALS: u64 = 1;
const FIRST_WORKER: u64 = 2;
/// Marks the number of a worker whose filter asks something.
const QUESTION: u64 = 1 << 63;

/// What a host is made of.
pub(super) struct Parts {
    pub(super) identity: Identity,
    /// Readable when a child has ended, or the supervisor has.
    pub(super) signals: OwnedFd,
    pub(super) null: OwnedFd,
    pub(super) own_namespace: OwnedFd,
    pub(super) embedded_filter: Filters,
    pub(super) program_filter: Filters,
    pub(super) footing: Footing,
    pub(super) landlock_abi: Option<i32>,
    pub(super) cgroup: Option<CgroupPlace>,
    pub(super) worker_main: fn(Seat) -> u8,
}

/// The launcher at work.
pub(super) struct Host {
    control: Channel,
    parts: Parts,
    queue: OwnedFd,
    id_maps: IdMaps,
    workers: BTreeMap<u64, Hosted>,
    next: u64,
    /// The launcher's own network, once it needed one.
    own_network: Option<OwnedFd>,
}

/// A worker as its launcher knows it.
struct Hosted {
    pid: Pid,
    pidfd: OwnedFd,
    cgroup: Option<Cgroup>,
    stage: Stage,
    /// Where its filter asks, if that is how it is kept from names.
    questions: Option<Questions>,
    /// What it may ask about, once it has a skill.
    register: Option<Register>,
}

enum Stage {
    /// It is locking itself in and will say how that went.
    Setup(Setup),
    /// It waits for a skill that such a worker can have.
    Warm(WorkerKind),
    /// It has one, or could not be given one. There is no second try.
    Used,
}

struct Setup {
    request: u64,
    channel: Channel,
    /// The supervisor's end of the worker's socket.
    socket: OwnedFd,
    /// The supervisor's end of the pipe that ends in what the worker prints.
    output: Option<OwnedFd>,
    kind: WorkerKind,
    deadline: Instant,
}

/// Why the launcher stops working.
enum Stop {
    /// The supervisor is gone.
    Done,
    /// Going on makes no sense.
    Failed,
}

impl From<SandboxError> for Stop {
    fn from(_: SandboxError) -> Self {
        Self::Failed
    }
}

impl Host {
    pub(super) fn new(control: Channel, parts: Parts) -> Result<Self, SandboxError> {
        let queue = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(SandboxError::step(Step::Plumbing))?;
        let host = Self {
            control,
            parts,
            queue,
            id_maps: IdMaps::default(),
            workers: BTreeMap::new(),
            next: FIRST_WORKER,
            own_network: None,
        };
        host.watch(&host.control, CONTROL)?;
        host.watch(&host.parts.signals, SIGNALS)?;
        Ok(host)
    }

    /// Works until the supervisor is gone, or cannot be understood; then ends every worker. Returns
    /// the process's exit status.
    pub(super) fn serve(mut self) -> u8 {
        let stop = loop {
            if let Err(stop) = self.turn() {
                break stop;
            }
        };
        self.bury_all();
        match stop {
            Stop::Done => DONE,
            Stop::Failed => FAILED,
        }
    }

    fn watch(&self, source: impl AsFd, about: u64) -> Result<(), SandboxError> {
        epoll::add(
            &self.queue,
            source,
            epoll::EventData::new_u64(about),
            epoll::EventFlags::IN,
        )
        .map_err(SandboxError::step(Step::Plumbing))
    }

    /// Waits for something to happen and deals with it.
    fn turn(&mut self) -> Result<(), Stop> {
        let mut events = Vec::with_capacity(16);
        let patience = self.patience();
        match epoll::wait(&self.queue, spare_capacity(&mut events), patience.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return Err(Stop::Failed),
        }
        for event in events {
            match event.data.u64() {
                CONTROL => self.answer()?,
                SIGNALS => self.take_signals()?,
                asked if asked & QUESTION != 0 => self.reply(asked & !QUESTION),
                worker => self.hear(worker)?,
            }
        }
        self.give_up_late_ones()
    }

    fn say(&self, reply: &Reply, descriptors: &[BorrowedFd<'_>]) -> Result<(), Stop> {
        Ok(self.control.send(reply, descriptors)?)
    }

    /// Takes one request.
    fn answer(&mut self) -> Result<(), Stop> {
        let Some((request, _)) = self.control.receive::<Request>()? else {
            return Err(Stop::Done);
        };
        match request {
            Request::Begin { .. } => Err(Stop::Failed),
            Request::Spawn { request, job } => match self.spawn(request, job) {
                Ok(()) => Ok(()),
                Err(error) => self.say(&Reply::Failed { request, error }, &[]),
            },
            Request::Assign {
                request,
                worker,
                plan,
            } => {
                let reply = match self.assign(worker, &plan) {
                    Ok(notes) => Reply::Assigned { request, notes },
                    Err(InjectError::Worker(error)) => Reply::Failed { request, error },
                    Err(InjectError::Stranded) => return Err(Stop::Failed),
                };
                self.say(&reply, &[])
            }
            Request::OpenNetwork {
                request,
                worker,
                ports,
            } => match self.open_network(worker, &ports) {
                Ok(sockets) => {
                    let sockets: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
                    self.say(&Reply::NetworkOpened { request }, &sockets)
                }
                Err(InjectError::Worker(error)) => self.say(&Reply::Failed { request, error }, &[]),
                Err(InjectError::Stranded) => Err(Stop::Failed),
            },
        }
    }

    fn open_network(
        &mut self,
        number: u64,
        ports: &NetworkPorts,
    ) -> Result<Vec<OwnedFd>, InjectError> {
        let worker = self.workers.get(&number).ok_or(SandboxError::WorkerLost)?;
        if self.parts.footing == Footing::Bare {
            // Where it is, is the host's network: nothing would keep it from that.
            return Err(SandboxError::RungTooLow {
                required: Rung::Full,
                available: self.parts.footing.rung(self.parts.landlock_abi),
                reason: "a worker without namespaces has no network of its own".to_owned(),
            }
            .into());
        }
        // The launcher leaves the host's network once, at the first need: it has none of it, and one it owns
        // is the only one that an ordinary person's launcher can come back to.
        let own = match &mut self.own_network {
            Some(own) => own,
            none => none.insert(network::leave_host()?),
        };
        network::open(&worker.pidfd, own, ports)
    }

    /// Gives a worker its skill.
    fn assign(&mut self, number: u64, plan: &Plan) -> Result<Vec<Note>, InjectError> {
        let worker = self
            .workers
            .get_mut(&number)
            .ok_or(SandboxError::WorkerLost)?;
        match std::mem::replace(&mut worker.stage, Stage::Used) {
            Stage::Warm(kind) if kind == plan.kind => {}
            Stage::Warm(_) => return Err(SandboxError::WrongKind.into()),
            Stage::Used => return Err(SandboxError::AlreadyAssigned.into()),
            // The supervisor cannot know its number yet.
            setup @ Stage::Setup(_) => {
                worker.stage = setup;
                return Err(SandboxError::WorkerLost.into());
            }
        }
        let mut notes = match self.parts.footing {
            Footing::Namespaces => Injector {
                identity: &self.parts.identity,
                id_maps: &mut self.id_maps,
                own_namespace: &self.parts.own_namespace,
            }
            .inject(&worker.pidfd, plan)?,
            Footing::Bare => {
                worker.register = Some(Register::open(plan)?);
                Vec::new()
            }
        };
        notes.extend(limit_worker(worker.pid, plan.kind, &plan.limits)?);
        if let Some(cgroup) = &worker.cgroup {
            cgroup.limit(memory_in_all(&plan.limits))?;
        }
        Ok(notes)
    }

    /// Answers what a worker's filter asks.
    fn reply(&mut self, number: u64) {
        let Some(worker) = self.workers.get_mut(&number) else {
            return;
        };
        let Some(questions) = &worker.questions else {
            return;
        };
        if clerk::answer(questions, worker.register.as_ref()).is_err() {
            // The worker has ended, or cannot be understood: it gets no further answers.
            worker.questions = None;
        }
    }
}

impl Hosted {
    fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Setup(setup) => Some(setup.deadline),
            Stage::Warm(_) | Stage::Used => None,
        }
    }
}

/// Fails only for a process that has ended already.
fn kill(pidfd: &OwnedFd) {
    let _ = pidfd_send_signal(pidfd, Signal::KILL);
}
