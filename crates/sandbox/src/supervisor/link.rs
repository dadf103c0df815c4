//! The line to the launcher: many callers, one socket, one thread that listens.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use rustix::net::sockopt::Timeout;
use rustix::process::Pid;

use crate::Exit;
use crate::ExitCause;
use crate::LAUNCHER_ARGUMENT;
use crate::LauncherOptions;
use crate::Note;
use crate::Operation;
use crate::SandboxError;
use crate::Worker;
use crate::attempt::AttemptService;
use crate::cgroup;
use crate::exit::Evidence;
use crate::wire::Channel;
use crate::wire::Extra;
use crate::wire::Reply;
use crate::wire::Request;
use crate::wire::Surroundings;
use crate::worker::Fate;
use crate::worker::Lines;

/// How long a launcher may take to end after the line is cut, before it is killed.
const END_LIMIT: Duration = Duration::from_secs(3);

/// The number of the first request, which has no other.
const BEGIN: u64 = 0;

/// What a request is answered with.
pub(super) enum Answer {
    Ready(Surroundings),
    Spawned(Box<Worker>),
    Assigned(Vec<Note>),
    NetworkOpened(Vec<OwnedFd>),
}

type Outcome = Result<Answer, SandboxError>;

/// The supervisor's end of the line.
#[derive(Debug)]
pub(super) struct Link {
    channel: Channel,
    pid: u32,
    patience: Duration,
    observers: AttemptService,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    lost: bool,
    waiting: HashMap<u64, Sender<Outcome>>,
    workers: HashMap<u64, Arc<Fate>>,
}

impl Link {
    /// Starts the program as a launcher, with a thread that listens to it.
    ///
    /// The thread also starts the process: the kernel takes the end of the *thread* that started it
    /// for the end of the launcher's parent.
    pub(super) fn establish(
        options: &LauncherOptions,
    ) -> Result<(Arc<Self>, JoinHandle<()>), SandboxError> {
        let cannot = |source: std::io::Error| SandboxError::Program {
            program: options.program.clone(),
            source: source.into(),
        };
        let observers = AttemptService::start().map_err(|source| SandboxError::Program {
            program: options.program.clone(),
            source,
        })?;
        let (ours, theirs) = Channel::pair().map_err(|errno| cannot(errno.into()))?;
        let (started, start) = mpsc::channel();
        let (path, patience) = (options.program.clone(), options.patience);
        let listener = std::thread::Builder::new()
            .name("mycelium-launch".to_owned())
            .spawn(move || match spawn_process(&path, theirs.into_socket()) {
                Err(error) => {
                    let _ = started.send(Err(error));
                }
                Ok(child) => {
                    let link = Arc::new(Self {
                        channel: ours,
                        pid: child.id(),
                        patience,
                        observers,
                        table: Mutex::default(),
                    });
                    if started.send(Ok(Arc::clone(&link))).is_ok() {
                        link.listen(child);
                    }
                }
            })
            .map_err(cannot)?;
        match start.recv() {
            Ok(Ok(link)) => Ok((link, listener)),
            Ok(Err(error)) => Err(cannot(error)),
            Err(mpsc::RecvError) => Err(SandboxError::LauncherLost),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.table().lost
    }

    /// Ends the conversation; the launcher ends then.
    pub(super) fn close(&self) {
        self.channel.shut_down();
    }

    /// Says the first word and waits for the launcher's.
    pub(super) fn begin(&self, options: &LauncherOptions) -> Result<Surroundings, SandboxError> {
        let begin = |_| Request::Begin {
            user: options.worker_user,
            group: options.worker_group,
        };
        self.channel
            .limit(Timeout::Send, self.patience)
            .map_err(|errno| SandboxError::Protocol {
                reason: errno.to_string(),
            })?;
        match self.ask(Operation::Start, begin) {
            Ok(Answer::Ready(surroundings)) => Ok(surroundings),
            Ok(Answer::Spawned(_) | Answer::Assigned(_) | Answer::NetworkOpened(_)) => {
                Err(super::misunderstood())
            }
            Err(SandboxError::LauncherLost) => Err(SandboxError::NotALauncher {
                program: options.program.clone(),
            }),
            Err(error) => Err(error),
        }
    }

    /// Sends the request that `make` gives a number to, and waits for its answer.
    pub(super) fn ask(&self, operation: Operation, make: impl FnOnce(u64) -> Request) -> Outcome {
        let (number, answer) = self.expect_answer()?;
        let sent = self.channel.send(&make(number), &[]);
        let outcome = sent.and_then(|()| match answer.recv_timeout(self.patience) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => Err(SandboxError::TimedOut {
                operation,
                limit_ms: self.patience.as_millis() as u64,
            }),
            Err(RecvTimeoutError::Disconnected) => Err(SandboxError::LauncherLost),
        });
        self.table().waiting.remove(&number);
        outcome
    }

    fn expect_answer(&self) -> Result<(u64, Receiver<Outcome>), SandboxError> {
        let (sender, receiver) = mpsc::channel();
        let mut table = self.table();
        if table.lost {
            return Err(SandboxError::LauncherLost);
        }
        let number = table.next;
        table.next += 1;
        table.waiting.insert(number, sender);
        Ok((number, receiver))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what the launcher says until it says nothing more, then cleans up after it.
    fn listen(&self, mut child: Child) {
        let mut cgroup = None;
        while let Ok(Some((reply, descriptors))) = self.channel.receive::<Reply>() {
            if let Reply::Ready(surroundings) = &reply {
                cgroup.clone_from(&surroundings.cgroup);
            }
            if self.pass_on(reply, descriptors).is_none() {
                break;
            }
        }
        self.channel.shut_down();
        self.declare_lost();
        end(&mut child, END_LIMIT.min(self.patience));
        if let Some(place) = &cgroup {
            // One that ended by itself has removed its control groups, one that was killed has not.
            cgroup::clear(place, END_LIMIT);
        }
    }

    /// Passes one message on; `None` if it makes no sense.
    fn pass_on(&self, reply: Reply, descriptors: Vec<OwnedFd>) -> Option<()> {
        match reply {
            Reply::Ready(surroundings) => self.resolve(BEGIN, Ok(Answer::Ready(surroundings))),
            Reply::Impossible(error) => self.resolve(BEGIN, Err(error)),
            Reply::Spawned {
                request,
                extras,
                worker,
                kind,
                pid,
                report,
                times,
            } => {
                let mut descriptors = descriptors.into_iter();
                let (pidfd, socket) = (descriptors.next()?, descriptors.next()?);
                let (mut output, mut attempts) = (None, None);
                for (extra, descriptor) in extras.into_iter().zip(descriptors) {
                    match extra {
                        Extra::Output => output = Some(descriptor),
                        Extra::Listener => {
                            // Without one, what the filter tells of fails.
                            attempts = self.observers.add(worker, kind, descriptor).ok();
                        }
                    }
                }
                let pid = Pid::from_raw(pid)?;
                let lines = Lines {
                    socket,
                    output,
                    attempts,
                };
                let handle = Box::new(Worker::new(worker, pid, pidfd, lines, report, times));
                self.table()
                    .workers
                    .insert(worker, Arc::clone(handle.fate()));
                self.resolve(request, Ok(Answer::Spawned(handle)));
            }
            Reply::Assigned { request, notes } => {
                self.resolve(request, Ok(Answer::Assigned(notes)));
            }
            Reply::NetworkOpened { request } => {
                self.resolve(request, Ok(Answer::NetworkOpened(descriptors)));
            }
            Reply::Failed { request, error } => self.resolve(request, Err(error)),
            Reply::Ended {
                worker,
                ending,
                out_of_memory,
                cpu_time,
                peak_memory,
            } => {
                // A worker that was never set up is nobody's.
                let fate = self.table().workers.remove(&worker);
                if let Some(fate) = fate {
                    let evidence = Evidence {
                        ending,
                        out_of_memory,
                        killed: fate.killed(),
                        cpu_time,
                        peak_memory,
                        limits: fate.limits(),
                    };
                    fate.settle(evidence.conclude());
                }
            }
        }
        Some(())
    }

    /// Gives whoever waits for it the outcome of a request. Nobody may: then a worker in it is dropped,
    /// which kills it.
    fn resolve(&self, request: u64, outcome: Outcome) {
        let waiting = self.table().waiting.remove(&request);
        if let Some(waiting) = waiting {
            let _ = waiting.send(outcome);
        }
    }

    fn declare_lost(&self) {
        let (waiting, workers) = {
            let mut table = self.table();
            table.lost = true;
            (
                std::mem::take(&mut table.waiting),
                std::mem::take(&mut table.workers),
            )
        };
        drop(waiting);
        for fate in workers.into_values() {
            fate.settle(Exit {
                cause: ExitCause::LauncherLost,
                cpu_time: Duration::ZERO,
                peak_memory: 0,
            });
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is what starts programs, and this is the one it starts"
)]
fn spawn_process(program: &Path, socket: OwnedFd) -> std::io::Result<Child> {
    Command::new(program)
        .arg(LAUNCHER_ARGUMENT)
        .env_clear()
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .spawn()
}

/// Waits for the process to end, and makes it if it takes too long.
fn end(child: &mut Child, limit: Duration) {
    let deadline = Instant::now() + limit;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
