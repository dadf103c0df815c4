//! The launcher's loop: one request, one new worker's word or one death at a time.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use mycelium_policy::Rung;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::socketpair;
use rustix::pipe::PipeFlags;
use rustix::pipe::pipe_with;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::pidfd_send_signal;
use rustix::thread::UnshareFlags;

use crate::Footing;
use crate::Layer;
use crate::NetworkPorts;
use crate::Note;
use crate::Operation;
use crate::SandboxError;
use crate::Seat;
use crate::Step;
use crate::WorkerKind;
use crate::cgroup::Cgroup;
use crate::cgroup::Entrance;
use crate::launcher::DONE;
use crate::launcher::FAILED;
use crate::launcher::clerk;
use crate::launcher::clerk::Register;
use crate::launcher::id_map::IdMaps;
use crate::launcher::identity::Identity;
use crate::launcher::inject::InjectError;
use crate::launcher::inject::Injector;
use crate::launcher::network;
use crate::launcher::worker;
use crate::launcher::worker::Birth;
use crate::launcher::worker::Filters;
use crate::launcher::worker::Go;
use crate::launcher::worker::Verdict;
use crate::limits::limit_worker;
use crate::limits::memory_in_all;
use crate::plan::Plan;
use crate::question::Questions;
use crate::syscall;
use crate::syscall::Cloned;
use crate::syscall::Reaped;
use crate::wire::CgroupPlace;
use crate::wire::Channel;
use crate::wire::Extra;
use crate::wire::Job;
use crate::wire::Reply;
use crate::wire::Request;

/// How long a new worker may take to lock itself in.
const SETUP_LIMIT: Duration = Duration::from_secs(10);

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

    /// Makes a worker. The answer is given when it has locked itself in.
    #[allow(unsafe_code, reason = "clone3 copies a running process")]
    fn spawn(&mut self, request: u64, job: Job) -> Result<(), SandboxError> {
        let (channel, theirs) = Channel::pair().map_err(SandboxError::step(Step::Plumbing))?;
        let (socket, seat) = socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(SandboxError::step(Step::Plumbing))?;
        let (output, printed) = match job.kind() {
            WorkerKind::Embedded => (None, None),
            WorkerKind::Program
                if self.parts.footing == Footing::Bare || self.parts.landlock_abi.is_none() =>
            {
                return Err(SandboxError::NoPrograms);
            }
            WorkerKind::Program => {
                let (output, printed) =
                    pipe_with(PipeFlags::CLOEXEC).map_err(SandboxError::step(Step::Plumbing))?;
                (Some(output), Some(printed))
            }
        };
        let number = self.next;
        self.next += 1;
        let cgroup = (self.parts.cgroup.as_ref())
            .map(|place| Cgroup::create(place, number, job.kind()))
            .transpose()?;
        let entrance = cgroup.as_ref().map(Cgroup::entrance).transpose()?;
        let birthplace = entrance.as_ref().and_then(Entrance::birthplace);
        // SAFETY: the launcher has one thread. The child goes to `live`, which never returns.
        let cloned = unsafe {
            match self.parts.footing {
                Footing::Namespaces => syscall::clone_process(NAMESPACES, birthplace),
                // Where namespaces are refused the call for them often is.
                Footing::Bare if birthplace.is_none() => syscall::copy_process(),
                Footing::Bare => syscall::clone_process(UnshareFlags::empty(), birthplace),
            }
        };
        let (pid, pidfd) = match cloned {
            Ok(Cloned::Parent { pid, pidfd }) => (pid, pidfd),
            Ok(Cloned::Child) => worker::live(Birth {
                identity: &self.parts.identity,
                footing: self.parts.footing,
                landlock_abi: self.parts.landlock_abi,
                filter: match job.kind() {
                    WorkerKind::Embedded => &self.parts.embedded_filter,
                    WorkerKind::Program => &self.parts.program_filter,
                },
                null: &self.parts.null,
                output: printed,
                entrance,
                socket: seat,
                setup: theirs,
                job,
                worker_main: self.parts.worker_main,
            }),
            Err(source) => {
                if let Some(cgroup) = cgroup {
                    cgroup.remove();
                }
                return Err(SandboxError::Setup {
                    step: Step::Namespaces,
                    path: None,
                    source,
                });
            }
        };
        let mapped = match self.parts.footing {
            Footing::Namespaces => self.parts.identity.map_worker(pid),
            Footing::Bare => Ok(()),
        };
        let begun = mapped
            .and_then(|()| channel.send(&Go, &[]))
            .and_then(|()| self.watch(&channel, number));
        let stage = match &begun {
            Ok(()) => Stage::Setup(Setup {
                request,
                channel,
                socket,
                output,
                kind: job.kind(),
                deadline: Instant::now() + SETUP_LIMIT,
            }),
            Err(_) => {
                kill(&pidfd);
                Stage::Used
            }
        };
        self.workers.insert(
            number,
            Hosted {
                pid,
                pidfd,
                cgroup,
                stage,
                questions: None,
                register: None,
            },
        );
        begun
    }

    /// Hears from a worker how its set-up went.
    fn hear(&mut self, number: u64) -> Result<(), Stop> {
        let Some(worker) = self.workers.get_mut(&number) else {
            return Ok(());
        };
        let setup = match std::mem::replace(&mut worker.stage, Stage::Used) {
            Stage::Setup(setup) => setup,
            other => {
                worker.stage = other;
                return Ok(());
            }
        };
        // Its other end may still be open somewhere, and closing ours does not take it off the queue.
        let _ = epoll::delete(&self.queue, &setup.channel);
        let (verdict, passed) = match setup.channel.receive::<Verdict>() {
            Ok(Some(told)) => told,
            Ok(None) => (Err(SandboxError::SetupDied), Vec::new()),
            Err(error) => (Err(error), Vec::new()),
        };
        let mut listener = passed.into_iter().next();
        if self.parts.footing == Footing::Bare {
            worker.questions = listener.take().map(Questions::new);
        }
        if let Some(questions) = &worker.questions {
            let flags = epoll::EventFlags::IN;
            epoll::add(
                &self.queue,
                questions,
                epoll::EventData::new_u64(number | QUESTION),
                flags,
            )
            .map_err(SandboxError::step(Step::Plumbing))?;
        }
        let Setup {
            request,
            socket,
            output,
            kind,
            ..
        } = setup;
        match verdict {
            Ok(mut report) => {
                worker.stage = Stage::Warm(kind);
                match &self.parts.cgroup {
                    Some(place) => report.layers.push(Layer::Cgroup {
                        version: place.version,
                    }),
                    None => report.notes.push(Note::NoCgroup),
                }
                let output = output.as_ref().map(|pipe| (Extra::Output, pipe.as_fd()));
                let listener = listener
                    .as_ref()
                    .map(|told| (Extra::Listener, told.as_fd()));
                let (extras, further): (Vec<_>, Vec<_>) =
                    output.into_iter().chain(listener).unzip();
                let reply = Reply::Spawned {
                    request,
                    extras,
                    worker: number,
                    kind,
                    pid: worker.pid.as_raw_pid(),
                    report,
                    times: worker.cgroup.as_ref().and_then(Cgroup::times),
                };
                let mut descriptors = vec![worker.pidfd.as_fd(), socket.as_fd()];
                descriptors.extend(further);
                Ok(self.control.send(&reply, &descriptors)?)
            }
            Err(error) => {
                kill(&worker.pidfd);
                self.say(&Reply::Failed { request, error }, &[])
            }
        }
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

    fn take_signals(&mut self) -> Result<(), Stop> {
        match syscall::read_signals(&self.parts.signals) {
            Ok(signals) if signals.contains(&libc::SIGTERM) => Err(Stop::Done),
            Ok(_) => self.bury(),
            Err(_) => Err(Stop::Failed),
        }
    }

    /// Takes leave of the workers, and whatever else was left to the launcher, that have ended.
    fn bury(&mut self) -> Result<(), Stop> {
        while let Some(dead) = syscall::reap() {
            let Some(number) = self.number_of(dead.pid) else {
                continue;
            };
            // Its last word may not have been heard yet.
            self.hear(number)?;
            let reply = self.close(number, &dead);
            self.say(&reply, &[])?;
        }
        Ok(())
    }

    fn number_of(&self, pid: Pid) -> Option<u64> {
        self.workers
            .iter()
            .find(|(_, worker)| worker.pid == pid)
            .map(|(number, _)| *number)
    }

    fn close(&mut self, number: u64, dead: &Reaped) -> Reply {
        let cgroup = self
            .workers
            .remove(&number)
            .and_then(|worker| worker.cgroup);
        let out_of_memory = cgroup.as_ref().is_some_and(Cgroup::ran_out_of_memory);
        if let Some(cgroup) = cgroup {
            cgroup.remove();
        }
        Reply::Ended {
            worker: number,
            ending: dead.ending,
            out_of_memory,
            cpu_time: dead.cpu_time,
            peak_memory: dead.peak_memory,
        }
    }

    /// How long nothing needs to be done unless something happens.
    fn patience(&self) -> Option<Timespec> {
        let next = self.workers.values().filter_map(Hosted::deadline).min()?;
        Timespec::try_from(next.saturating_duration_since(Instant::now())).ok()
    }

    fn give_up_late_ones(&mut self) -> Result<(), Stop> {
        let now = Instant::now();
        for worker in self.workers.values_mut() {
            if worker.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            kill(&worker.pidfd);
            if let Stage::Setup(setup) = std::mem::replace(&mut worker.stage, Stage::Used) {
                let _ = epoll::delete(&self.queue, &setup.channel);
                let error = SandboxError::TimedOut {
                    operation: Operation::Spawn,
                    limit_ms: SETUP_LIMIT.as_millis() as u64,
                };
                let reply = Reply::Failed {
                    request: setup.request,
                    error,
                };
                self.control.send(&reply, &[])?;
            }
        }
        Ok(())
    }

    /// Ends every worker, and waits until they have.
    fn bury_all(&mut self) {
        for worker in self.workers.values() {
            kill(&worker.pidfd);
        }
        let deadline = Instant::now() + BURIAL_LIMIT;
        while !self.workers.is_empty() && Instant::now() < deadline {
            match syscall::reap() {
                Some(dead) => {
                    if let Some(number) = self.number_of(dead.pid) {
                        self.close(number, &dead);
                    }
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
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
