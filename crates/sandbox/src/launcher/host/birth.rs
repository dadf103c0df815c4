//! Making a worker, and hearing how it locked itself in.

use std::os::fd::AsFd;
use std::time::Instant;

use rustix::event::epoll;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::socketpair;
use rustix::pipe::PipeFlags;
use rustix::pipe::pipe_with;
use rustix::thread::UnshareFlags;

use crate::Footing;
use crate::Layer;
use crate::Note;
use crate::SandboxError;
use crate::Step;
use crate::WorkerKind;
use crate::cgroup::Cgroup;
use crate::cgroup::Entrance;
use crate::launcher::host::Host;
use crate::launcher::host::Hosted;
use crate::launcher::host::NAMESPACES;
use crate::launcher::host::QUESTION;
use crate::launcher::host::SETUP_LIMIT;
use crate::launcher::host::Setup;
use crate::launcher::host::Stage;
use crate::launcher::host::Stop;
use crate::launcher::host::kill;
use crate::launcher::worker;
use crate::launcher::worker::Birth;
use crate::launcher::worker::Go;
use crate::launcher::worker::Verdict;
use crate::question::Questions;
use crate::syscall;
use crate::syscall::Cloned;
use crate::wire::Channel;
use crate::wire::Extra;
use crate::wire::Job;
use crate::wire::Reply;

impl Host {
    /// Makes a worker. The answer is given when it has locked itself in.
    #[allow(unsafe_code, reason = "clone3 copies a running process")]
    pub(super) fn spawn(&mut self, request: u64, job: Job) -> Result<(), SandboxError> {
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
    pub(super) fn hear(&mut self, number: u64) -> Result<(), Stop> {
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
}
