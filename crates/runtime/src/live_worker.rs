//! A worker that is one skill's: asked within limits, and ended when it oversteps them.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use mycelium_network::Broker;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Request;
use mycelium_sandbox::CpuTimer;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::SeenAttempts;
use mycelium_sandbox::Worker;
use mycelium_types::Limit;
use mycelium_types::Limits;
use serde_json::value::RawValue;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::connection::ConnectionError;
use crate::connection::Heard;
use crate::gauges::Gauges;
use crate::host_calls::Host;
use crate::network::Memory;
use crate::network::Records;
use crate::space::Reached;
use crate::ticket::Ticket;
use crate::watch::Watch;

/// How long the exit of a worker that closed its connection is waited for, before it is ended.
const EXIT_PATIENCE: Duration = Duration::from_millis(500);
/// How long the word of the exit of a worker that was ended is waited for. It comes within milliseconds, unless the machine
/// is in trouble.
const WORD_PATIENCE: Duration = Duration::from_secs(30);
/// How long the judgement of what a worker tried is waited for. It takes microseconds, unless the person's
/// files are slow or the machine is in trouble; without it nobody knows why a call failed.
const JUDGEMENT_PATIENCE: Duration = Duration::from_secs(10);
/// JSON-RPC's code of a failure that is the skill's own.
const SKILL_FAILED: i64 = -32000;
/// What is said of a worker whose exit says nothing.
const CONNECTION_CLOSED: &str = "it closed its connection";
/// How much of `/tmp` may be free, in bytes, when a write to it fails for want of space.
const NEARLY: u64 = 1 << 20;
/// The signal of a file that grew beyond its limit.
const SIGXFSZ: i32 = 25;

/// How much one request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) deadline: Instant,
    pub(crate) cpu: Duration,
    pub(crate) output_bytes: usize,
}

/// Why a request to a worker failed.
#[derive(Debug)]
pub(crate) enum WorkerFailure {
    /// The worker answered with a failure; it can be asked again.
    Answered {
        failure: Failure,
        /// The limit for which the system refused what failed.
        limit: Option<Limit>,
    },
    /// The worker reached a limit and was ended.
    Over(Reached),
    /// The request itself is too large. The worker was not asked.
    TooLarge,
    /// The worker ended or broke the protocol.
    Crashed(String),
}

/// A worker that is one skill's.
pub(crate) struct LiveWorker {
    worker: Arc<Worker>,
    connection: Connection,
    /// What makes its connections. Dropping it ends every one.
    broker: Arc<Broker>,
    timer: CpuTimer,
    ticket: Ticket,
    watch: Watch,
    /// The size of `/tmp`, in bytes.
    temporary: u64,
    /// How many processes it may start.
    processes: u64,
    /// Whether the last request ran to its end. A request whose caller went away leaves the worker in
    /// the middle of something.
    usable: bool,
    /// Whether the worker was asked to make a call, and nobody heard an answer.
    unanswered: bool,
}

impl fmt::Debug for LiveWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveWorker")
            .field("pid", &self.worker.pid())
            .finish_non_exhaustive()
    }
}

impl LiveWorker {
    /// A worker that has its sandbox. The timer wakes the ticket.
    pub(crate) fn new(
        worker: Arc<Worker>,
        connection: Connection,
        broker: Arc<Broker>,
        (timer, ticket): (CpuTimer, Ticket),
        watch: Watch,
        limits: &Limits,
    ) -> Self {
        Self {
            worker,
            connection,
            broker,
            timer,
            ticket,
            watch,
            temporary: limits.tmp_mb.saturating_mul(1 << 20),
            processes: limits.processes,
            usable: true,
            unanswered: false,
        }
    }

    /// The process, for looking at and ending it.
    pub(crate) fn process(&self) -> &Arc<Worker> {
        &self.worker
    }

    /// What is remembered of its network.
    pub(crate) fn memory(&self) -> Memory {
        Memory::of(&self.broker)
    }

    /// What shows how much the worker uses of its limits.
    pub(crate) fn gauges(&self, limits: &Limits) -> Gauges {
        Gauges {
            worker: Arc::clone(&self.worker),
            limits: *limits,
            meter: Arc::clone(self.connection.meter()),
            broker: Arc::clone(self.connection.broker()),
            space: self.watch.space().cloned(),
        }
    }

    /// Ends the process and every connection of it. Gives what is still told of them.
    pub(crate) fn end(self) -> Records {
        self.worker.kill();
        self.broker.close();
        self.connection.into_records()
    }

    /// Whether requests make sense.
    pub(crate) fn is_usable(&self) -> bool {
        self.usable && self.reached().is_none() && self.worker.exit().is_none()
    }

    /// Whether a call was dropped in the middle. The worker goes on with it until it is [cancelled](Self::cancel_call)
    /// or ended.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.unanswered
    }

    /// Tells the worker that nobody waits for its call, and lets it end it within `grace`. Whether it can be asked again;
    /// if it cannot it is ended.
    pub(crate) async fn cancel_call(
        &mut self,
        grace: Duration,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> bool {
        let goes_on = tokio::select! {
            answer = self.connection.cancel(0, notify) => match answer {
                Ok(Ok(_)) => true,
                Ok(Err(error)) => error.data.is_some_and(|failure| goes_on_after(failure.kind)),
                Err(_) => false,
            },
            () = tokio::time::sleep(grace) => false,
            () = self.ticket.expired() => false,
        };
        self.unanswered = false;
        if goes_on {
            let cpu = self.watch.cpu_time(&self.worker);
            self.watch.end_request(cpu);
            self.usable = self.timer.disarm().is_ok();
        } else {
            self.worker.kill();
        }
        self.is_usable()
    }

    /// Lets others go first from the start, until the worker was calm for a while.
    pub(crate) fn begin_behind(&self) {
        self.watch.begin_behind(&self.worker);
    }

    /// Asks the worker. Any failure but an answered one ends it, and so does dropping the future, unless it is a call:
    /// whoever drops that is to [cancel](Self::cancel_call) it.
    pub(crate) async fn request(
        &mut self,
        request: Request,
        budget: Budget,
        host: Option<Arc<dyn Host>>,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<Box<RawValue>, WorkerFailure> {
        self.usable = false;
        self.ticket.forget_expiry();
        self.unanswered = matches!(request, Request::Call(_));
        let ended_with = (!self.unanswered).then(|| Arc::clone(&self.worker));
        let unfinished = KillOnDrop(ended_with);
        let started = (Instant::now(), self.watch.cpu_time(&self.worker));
        self.watch.begin_request(&self.worker, started.1);
        if self.timer.arm(budget.cpu, self.ticket.token()).is_err() {
            self.unanswered = false;
            self.worker.kill();
            return Err(WorkerFailure::Crashed(self.describe_exit()));
        }
        let outcome = tokio::select! {
            answer = self.connection.request(request, budget.output_bytes, host, notify) => match answer {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(error)) => {
                    let failure = error.data.unwrap_or(Failure {
                        // A program of its own may leave out what kind of failure it was.
                        kind: if error.code == SKILL_FAILED {
                            FailureKind::Thrown
                        } else {
                            FailureKind::Protocol
                        },
                        message: error.message,
                        name: None,
                        code: None,
                        stack: None,
                        transient: false,
                    });
                    let limit = self.limit_behind(&failure);
                    Err(WorkerFailure::Answered { failure, limit })
                }
                Err(error) => Err(self.broken(error).await),
            },
            () = tokio::time::sleep_until(budget.deadline) => Err(WorkerFailure::Over(Limit::WallTime.into())),
            () = self.ticket.expired() => Err(WorkerFailure::Over(Limit::CpuTime.into())),
        };
        let goes_on = match &outcome {
            Ok(_) => true,
            Err(WorkerFailure::Answered { failure, .. }) => goes_on_after(failure.kind),
            Err(WorkerFailure::TooLarge) => true,
            Err(WorkerFailure::Over(_) | WorkerFailure::Crashed(_)) => false,
        };
        if goes_on {
            let cpu = self.watch.cpu_time(&self.worker);
            self.connection
                .meter()
                .count_time(started.0.elapsed(), cpu.saturating_sub(started.1));
            self.watch.end_request(cpu);
            self.usable = self.timer.disarm().is_ok();
            unfinished.forget();
        } else {
            self.worker.kill();
        }
        self.unanswered = false;
        outcome
    }

    /// The limit that the system's word for a failed call is about.
    fn limit_behind(&self, failure: &Failure) -> Option<Limit> {
        match failure.code.as_deref()? {
            "EMFILE" => Some(Limit::OpenFiles),
            "EFBIG" => Some(Limit::FileSize),
            // It is also said of much that has nothing to do with processes.
            "EAGAIN" => {
                let processes = self.worker.usage().ok()?.processes;
                (processes > self.processes).then_some(Limit::Processes)
            }
            // It is also said when a disk of the host is full, which is not the skill's doing.
            "ENOSPC" => {
                let used = self.worker.usage().ok()?.temporary;
                (used.saturating_add(NEARLY) >= self.temporary).then_some(Limit::Temporary)
            }
            _ => None,
        }
    }

    /// The limit for which the worker was ended, if that was for what nobody waited for.
    pub(crate) fn reached(&self) -> Option<Reached> {
        self.watch.reached()
    }

    async fn broken(&self, error: ConnectionError) -> WorkerFailure {
        if let Some(reached) = self.reached() {
            return WorkerFailure::Over(reached);
        }
        match error {
            ConnectionError::Closed | ConnectionError::Socket(_) => {
                match self.exit_without_connection().await {
                    Some(ExitCause::MemoryLimit) => WorkerFailure::Over(Limit::Memory.into()),
                    Some(ExitCause::CpuLimit) => WorkerFailure::Over(Limit::CpuTime.into()),
                    Some(ExitCause::Signal(signal)) if signal == SIGXFSZ => {
                        WorkerFailure::Over(Limit::FileSize.into())
                    }
                    Some(
                        cause @ (ExitCause::Returned(_)
                        | ExitCause::Killed
                        | ExitCause::ForbiddenCall
                        | ExitCause::Signal(_)
                        | ExitCause::LauncherLost),
                    ) => WorkerFailure::Crashed(cause.to_string()),
                    None => WorkerFailure::Crashed(CONNECTION_CLOSED.to_owned()),
                }
            }
            ConnectionError::Flood => WorkerFailure::Over(Limit::Output.into()),
            ConnectionError::Frame(_) => WorkerFailure::Over(Limit::Frame.into()),
            ConnectionError::LineFlood => WorkerFailure::Over(Limit::LogLines.into()),
            ConnectionError::Request(_) => WorkerFailure::TooLarge,
            ConnectionError::Protocol(reason) => WorkerFailure::Crashed(reason.to_owned()),
        }
    }

    /// How a worker without a connection ended by itself; one that goes on is ended. What it ended of is known only from the
    /// word of its exit, which may be late.
    async fn exit_without_connection(&self) -> Option<ExitCause> {
        let worker = Arc::clone(&self.worker);
        let exit = tokio::task::spawn_blocking(move || {
            worker.wait_exit(EXIT_PATIENCE).or_else(|| {
                worker.kill();
                let exit = worker.wait_exit(WORD_PATIENCE);
                exit.filter(|exit| exit.cause != ExitCause::Killed)
            })
        });
        exit.await.ok().flatten().map(|exit| exit.cause)
    }

    fn describe_exit(&self) -> String {
        match self.worker.exit().map(|exit| exit.cause) {
            Some(cause) => cause.to_string(),
            None => CONNECTION_CLOSED.to_owned(),
        }
    }
}

/// Whether a worker can be asked again that has answered with a failure of this kind.
fn goes_on_after(kind: FailureKind) -> bool {
    match kind {
        // It asked for its end, or what it has in memory can no longer be trusted.
        FailureKind::Exited | FailureKind::OutOfMemory | FailureKind::Sandbox => false,
        // One that runs a program for each call is not that program.
        FailureKind::CpuTime | FailureKind::FileSize | FailureKind::Processes => true,
        FailureKind::Thrown
        | FailureKind::Syntax
        | FailureKind::MissingExport
        | FailureKind::ResultInvalid
        | FailureKind::ResultTooLarge
        | FailureKind::OutputTooLarge
        | FailureKind::NeverSettles
        | FailureKind::Host
        | FailureKind::Protocol => true,
    }
}

/// Ends a worker whose request did not come to its end.
struct KillOnDrop(Option<Arc<Worker>>);

impl KillOnDrop {
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(worker) = &self.0 {
            worker.kill();
        }
    }
}

/// What a worker asked the kernel for and is worth telling, since this was last asked. Waits only where
/// something is not judged yet.
pub(crate) async fn attempts(worker: &Arc<Worker>) -> SeenAttempts {
    if !worker.has_unjudged() {
        return worker.take_attempts(Duration::ZERO);
    }
    let worker = Arc::clone(worker);
    tokio::task::spawn_blocking(move || worker.take_attempts(JUDGEMENT_PATIENCE))
        .await
        .unwrap_or_default()
}

/// Waits until a worker's process has ended.
pub(crate) async fn ended(worker: &Worker) -> io::Result<()> {
    let pidfd = worker.pidfd().try_clone_to_owned()?;
    #[expect(
        deprecated,
        reason = "its replacement is unsafe for the sake of types that may close their descriptor; an owned one does not"
    )]
    let watched = AsyncFd::with_interest(pidfd, Interest::READABLE)?;
    watched.readable().await.map(|_| ())
}
