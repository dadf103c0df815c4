//! Workers: kept warm, given to one skill each, ended when they overstep.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mycelium_network::Broker;
use mycelium_network::BrokerLimits;
use mycelium_network::Certificates;
use mycelium_network::Gate;
use mycelium_network::HttpClient;
use mycelium_network::RequestRecord;
use mycelium_network::SystemResolver;
use mycelium_network::Verdict;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Request;
use mycelium_sandbox::CpuTimer;
use mycelium_sandbox::CpuTimers;
use mycelium_sandbox::ExitCause;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::SandboxReport;
use mycelium_sandbox::Worker;
use mycelium_sandbox::WorkerKind;
use mycelium_types::ErrorReport;
use mycelium_types::Limit;
use mycelium_types::Limits;
use serde_json::value::RawValue;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::connection::ConnectionError;
use crate::connection::Heard;
use crate::exchanges::Exchanges;
use crate::gauges::Gauges;
use crate::output::Output;
use crate::space::Reached;
use crate::space::SpaceKeeper;
use crate::watch::Watch;

/// Workers that wait, locked down, for a skill that an embedded engine runs. They cost about 2 MiB each.
const WARM: usize = 2;
/// Workers that wait for a skill that is a program of its own, once there has been one.
const WARM_PROGRAMS: usize = 1;
/// How long the exit of a worker that closed its connection is waited for.
const EXIT_PATIENCE: Duration = Duration::from_millis(500);
/// JSON-RPC's code of a failure that is the skill's own.
const SKILL_FAILED: i64 = -32000;
/// How much of `/tmp` may be free, in bytes, when a write to it fails for want of space.
const NEARLY: u64 = 1 << 20;
/// The signal of a file that grew beyond its limit.
const SIGXFSZ: i32 = 25;

/// A worker that is ready for a skill.
struct Warm {
    kind: WorkerKind,
    /// The one that made it, which is the only one that can give it a skill.
    launcher: Arc<Launcher>,
    worker: Worker,
}

/// Makes workers and keeps some ready.
pub(crate) struct Supervisor {
    program: PathBuf,
    client: Arc<HttpClient>,
    launcher: Mutex<Option<Arc<Launcher>>>,
    warm: Mutex<Vec<Warm>>,
    /// How many workers of which kind are kept ready.
    kept: Mutex<HashMap<WorkerKind, usize>>,
    refilling: AtomicBool,
    timers: Mutex<Option<Arc<CpuTimers>>>,
    waiting: Waiting,
    tokens: AtomicU64,
    stopped: AtomicBool,
}

impl Supervisor {
    /// A supervisor that has started nothing yet.
    pub(crate) fn new(program: PathBuf) -> Self {
        Self {
            program,
            client: Arc::new(HttpClient::new(Certificates::OfThisMachine)),
            launcher: Mutex::default(),
            warm: Mutex::default(),
            kept: Mutex::new(HashMap::from([(WorkerKind::Embedded, WARM)])),
            refilling: AtomicBool::new(false),
            timers: Mutex::default(),
            waiting: Waiting::default(),
            tokens: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Gives a worker its sandbox. Blocks for as long as the kernel takes, 0.1 ms for a warm worker.
    pub(crate) fn start(
        self: &Arc<Self>,
        policy: &SandboxPolicy,
    ) -> Result<(LiveWorker, SandboxReport), ErrorReport> {
        let broker = Arc::new(broker(policy)?);
        if WorkerKind::of(policy) == WorkerKind::Program {
            lock(&self.kept).insert(WorkerKind::Program, WARM_PROGRAMS);
        }
        let mut started = self.try_start(policy, &broker);
        for _ in 0..=WARM.max(WARM_PROGRAMS) {
            // A warm worker, or the launcher with all of them, was ended by somebody: the next try takes
            // another one.
            if !matches!(
                started,
                Err(SandboxError::LauncherLost | SandboxError::WorkerLost)
            ) {
                break;
            }
            started = self.try_start(policy, &broker);
        }
        self.refill();
        started.map_err(|error| ErrorReport::from(error).with("skill", &policy.skill.name))
    }

    fn try_start(
        &self,
        policy: &SandboxPolicy,
        broker: &Arc<Broker>,
    ) -> Result<(LiveWorker, SandboxReport), SandboxError> {
        let kind = WorkerKind::of(policy);
        let warm = {
            let mut ready = lock(&self.warm);
            let place = ready.iter().rposition(|warm| warm.kind == kind);
            place.map(|place| ready.remove(place))
        };
        let Warm {
            launcher,
            mut worker,
            ..
        } = match warm {
            Some(warm) => warm,
            None => self.spawn(kind)?,
        };
        let keeper = SpaceKeeper::new(policy);
        let report = launcher.assign(&worker, policy)?;
        let socket = worker.take_socket().ok_or(SandboxError::WorkerLost)?;
        let stream = socket
            .set_nonblocking(true)
            .and_then(|()| UnixStream::from_std(socket))
            .map_err(|_| SandboxError::WorkerLost)?;
        let output = worker
            .take_output()
            .map(Output::new)
            .transpose()
            .map_err(|_| SandboxError::WorkerLost)?;
        let timer = self.timers()?.timer(&worker)?;
        let worker = Arc::new(worker);
        let timer_of_watch = self.timers()?.timer(&worker)?;
        let watch = Watch::start(keeper, Arc::clone(&worker), timer_of_watch, self.ticket());
        let live = LiveWorker {
            worker,
            connection: Connection::new(
                stream,
                &policy.limits,
                Exchanges::new(Arc::clone(&self.client), Arc::clone(broker)),
            )
            .with_output(output),
            timer,
            ticket: self.ticket(),
            watch,
            temporary: policy.limits.tmp_mb.saturating_mul(1 << 20),
            usable: true,
        };
        Ok((live, report))
    }

    fn ticket(&self) -> Ticket {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        Ticket::new(token, &self.waiting)
    }

    /// A new worker.
    fn spawn(&self, kind: WorkerKind) -> Result<Warm, SandboxError> {
        let launcher = self.launcher()?;
        let worker = match kind {
            WorkerKind::Embedded => launcher.spawn()?,
            WorkerKind::Program => launcher.spawn_program()?,
        };
        Ok(Warm {
            kind,
            launcher,
            worker,
        })
    }

    /// A kind of which fewer workers are ready than are to be.
    fn missing(&self) -> Option<WorkerKind> {
        let kept = lock(&self.kept);
        let ready = lock(&self.warm);
        let count = |kind| ready.iter().filter(|warm| warm.kind == kind).count();
        kept.iter()
            .find(|(kind, wanted)| count(**kind) < **wanted)
            .map(|(kind, _)| *kind)
    }

    fn launcher(&self) -> Result<Arc<Launcher>, SandboxError> {
        let mut slot = lock(&self.launcher);
        if self.stopped.load(Ordering::Acquire) {
            return Err(SandboxError::LauncherLost);
        }
        if let Some(launcher) = slot.as_ref().filter(|launcher| launcher.is_alive()) {
            return Ok(Arc::clone(launcher));
        }
        let launcher = Arc::new(Launcher::start(&LauncherOptions::new(&self.program))?);
        let lost = slot.replace(Arc::clone(&launcher));
        drop(slot);
        // Its end is waited for, which takes a moment.
        drop(lost);
        Ok(launcher)
    }

    fn timers(&self) -> Result<Arc<CpuTimers>, SandboxError> {
        let mut slot = lock(&self.timers);
        if let Some(timers) = &*slot {
            return Ok(Arc::clone(timers));
        }
        let waiting = self.waiting.clone();
        let timers = Arc::new(CpuTimers::start(move |token| waiting.expired(token))?);
        *slot = Some(Arc::clone(&timers));
        Ok(timers)
    }

    /// Makes warm workers in the background, unless that already happens.
    fn refill(self: &Arc<Self>) {
        if self.refilling.swap(true, Ordering::AcqRel) {
            return;
        }
        let supervisor = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            while let Some(kind) = supervisor.missing()
                && !supervisor.stopped.load(Ordering::Acquire)
            {
                match supervisor.spawn(kind) {
                    Ok(warm) => {
                        let mut ready = lock(&supervisor.warm);
                        // Looked at under the lock that `stop` empties the list with.
                        if !supervisor.stopped.load(Ordering::Acquire) {
                            ready.push(warm);
                        }
                    }
                    Err(error) => {
                        // The next skill finds out by itself and tells its caller.
                        tracing::debug!(%error, "no warm worker could be made");
                        break;
                    }
                }
            }
            supervisor.refilling.store(false, Ordering::Release);
        });
    }

    /// The launcher's process id, once there is one.
    pub(crate) fn launcher_pid(&self) -> Option<u32> {
        lock(&self.launcher).as_ref().map(|launcher| launcher.pid())
    }

    /// The process ids of the warm workers.
    pub(crate) fn warm_pids(&self) -> Vec<u32> {
        lock(&self.warm)
            .iter()
            .map(|warm| warm.worker.pid())
            .collect()
    }

    /// Ends the launcher and with it every worker.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        let warm = std::mem::take(&mut *lock(&self.warm));
        let launcher = lock(&self.launcher).take();
        drop(warm);
        drop(launcher);
    }
}

/// What makes the connections of a worker with this policy.
fn broker(policy: &SandboxPolicy) -> Result<Broker, ErrorReport> {
    let gate = Gate::compile(&policy.network)
        .map_err(mycelium_network::NetworkError::from)
        .map_err(|error| ErrorReport::from(error).with("skill", &policy.skill.name))?;
    let skill = policy.skill.to_string();
    Ok(Broker::new(
        gate,
        BrokerLimits::with_bandwidth(policy.limits.bandwidth_kbps),
        Arc::new(SystemResolver),
        Arc::new(move |record: RequestRecord| log(&skill, &record)),
    ))
}

fn log(skill: &str, record: &RequestRecord) {
    let verdict = match &record.verdict {
        Verdict::Allowed => "allowed".to_owned(),
        Verdict::Refused(refusal) => format!("refused: {refusal}"),
        Verdict::Failed { reason } => format!("failed: {reason}"),
    };
    tracing::info!(
        skill,
        protocol = record.protocol.as_str(),
        method = record.method.as_ref().map(|method| method.as_str()),
        host = record.host,
        port = record.port,
        path = record.path,
        sent = record.bytes_sent,
        received = record.bytes_received,
        milliseconds = record.duration.as_secs_f64() * 1000.0,
        omitted = record.omitted,
        verdict,
        "a skill used the network"
    );
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    timer: CpuTimer,
    ticket: Ticket,
    watch: Watch,
    /// The size of `/tmp`, in bytes.
    temporary: u64,
    /// Whether the last request ran to its end. A request whose caller went away leaves the worker in
    /// the middle of something.
    usable: bool,
}

impl fmt::Debug for LiveWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveWorker")
            .field("pid", &self.worker.pid())
            .finish_non_exhaustive()
    }
}

impl LiveWorker {
    /// The process, for looking at and ending it.
    pub(crate) fn process(&self) -> &Arc<Worker> {
        &self.worker
    }

    /// What shows how much the worker uses of its limits.
    pub(crate) fn gauges(&self, limits: &Limits) -> Gauges {
        Gauges {
            worker: Arc::clone(&self.worker),
            limits: *limits,
            meter: Arc::clone(self.connection.meter()),
            space: self.watch.space().cloned(),
        }
    }

    /// Whether requests make sense.
    pub(crate) fn is_usable(&self) -> bool {
        self.usable && self.reached().is_none() && self.worker.exit().is_none()
    }

    /// Asks the worker. Any failure but an answered one ends it, and so does dropping the future.
    pub(crate) async fn request(
        &mut self,
        request: Request,
        budget: Budget,
        notify: &mut (dyn FnMut(Heard) + Send),
    ) -> Result<Box<RawValue>, WorkerFailure> {
        self.usable = false;
        // A signal that came too late for the last request is not about this one. Waiting for it, however
        // shortly, would take a tick of the executor's clock.
        pin!(self.ticket.exceeded.notified()).enable();
        let unfinished = KillOnDrop(Some(Arc::clone(&self.worker)));
        let started = (Instant::now(), self.worker.cpu_time().unwrap_or_default());
        self.watch.begin_request(&self.worker, started.1);
        if self.timer.arm(budget.cpu, self.ticket.token).is_err() {
            return Err(WorkerFailure::Crashed(self.describe_exit()));
        }
        let outcome = tokio::select! {
            answer = self.connection.request(request, budget.output_bytes, notify) => match answer {
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
            () = self.ticket.exceeded.notified() => Err(WorkerFailure::Over(Limit::CpuTime.into())),
        };
        let goes_on = match &outcome {
            Ok(_) => true,
            Err(WorkerFailure::Answered { failure, .. }) => match failure.kind {
                // It asked for its end, or what it has in memory can no longer be trusted.
                FailureKind::Exited | FailureKind::OutOfMemory | FailureKind::Sandbox => false,
                // One that runs a program for each call is not that program.
                FailureKind::CpuTime | FailureKind::FileSize => true,
                FailureKind::Thrown
                | FailureKind::Syntax
                | FailureKind::MissingExport
                | FailureKind::ResultInvalid
                | FailureKind::ResultTooLarge
                | FailureKind::OutputTooLarge
                | FailureKind::NeverSettles
                | FailureKind::Protocol => true,
            },
            Err(WorkerFailure::TooLarge) => true,
            Err(WorkerFailure::Over(_) | WorkerFailure::Crashed(_)) => false,
        };
        if goes_on {
            let cpu = self.worker.cpu_time().unwrap_or_default();
            self.connection
                .meter()
                .count_time(started.0.elapsed(), cpu.saturating_sub(started.1));
            self.usable = self.timer.disarm().is_ok();
            unfinished.forget();
        }
        outcome
    }

    /// The limit that the system's word for a failed call is about.
    fn limit_behind(&self, failure: &Failure) -> Option<Limit> {
        match failure.code.as_deref()? {
            "EMFILE" => Some(Limit::OpenFiles),
            "EFBIG" => Some(Limit::FileSize),
            // It is also said when a disk of the host is full, which is not the skill's doing.
            "ENOSPC" => {
                let used = self.worker.usage().ok()?.temporary;
                (used.saturating_add(NEARLY) >= self.temporary).then_some(Limit::Temporary)
            }
            _ => None,
        }
    }

    /// The limit for which the worker was ended, if it was for the space that its files take.
    pub(crate) fn reached(&self) -> Option<Reached> {
        self.watch.space()?.reached()
    }

    async fn broken(&self, error: ConnectionError) -> WorkerFailure {
        if let Some(reached) = self.reached() {
            return WorkerFailure::Over(reached);
        }
        match error {
            ConnectionError::Closed | ConnectionError::Socket(_) => {
                let worker = Arc::clone(&self.worker);
                let exit = tokio::task::spawn_blocking(move || worker.wait_exit(EXIT_PATIENCE));
                match exit.await.ok().flatten().map(|exit| exit.cause) {
                    Some(ExitCause::MemoryLimit) => WorkerFailure::Over(Limit::Memory.into()),
                    Some(ExitCause::CpuLimit) => WorkerFailure::Over(Limit::CpuTime.into()),
                    Some(ExitCause::Signal(signal)) if signal == SIGXFSZ => {
                        WorkerFailure::Over(Limit::FileSize.into())
                    }
                    Some(
                        ExitCause::Returned(_)
                        | ExitCause::Killed
                        | ExitCause::ForbiddenCall
                        | ExitCause::Signal(_)
                        | ExitCause::LauncherLost,
                    )
                    | None => WorkerFailure::Crashed(self.describe_exit()),
                }
            }
            ConnectionError::Flood => WorkerFailure::Over(Limit::Output.into()),
            ConnectionError::Frame(_) => WorkerFailure::Over(Limit::Frame.into()),
            ConnectionError::LineFlood => WorkerFailure::Over(Limit::LogLines.into()),
            ConnectionError::Request(_) => WorkerFailure::TooLarge,
            ConnectionError::Protocol(reason) => WorkerFailure::Crashed(reason.to_owned()),
        }
    }

    fn describe_exit(&self) -> String {
        match self.worker.exit().map(|exit| exit.cause) {
            Some(cause) => cause.to_string(),
            None => "it closed its connection".to_owned(),
        }
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

/// Who is to be told when a worker has used its processor time, by the timer's token.
#[derive(Clone, Debug, Default)]
struct Waiting(Arc<Mutex<HashMap<u64, Arc<Notify>>>>);

impl Waiting {
    fn expired(&self, token: u64) {
        if let Some(notify) = lock(&self.0).get(&token) {
            notify.notify_one();
        }
    }
}

/// One worker's entry among those waiting.
#[derive(Debug)]
pub(crate) struct Ticket {
    token: u64,
    waiting: Waiting,
    exceeded: Arc<Notify>,
}

impl Ticket {
    fn new(token: u64, waiting: &Waiting) -> Self {
        let exceeded = Arc::new(Notify::new());
        lock(&waiting.0).insert(token, Arc::clone(&exceeded));
        Self {
            token,
            waiting: waiting.clone(),
            exceeded,
        }
    }
}

impl Ticket {
    /// What the timer is to be given.
    pub(crate) fn token(&self) -> u64 {
        self.token
    }

    /// Waits until the timer runs out.
    pub(crate) async fn expired(&self) {
        self.exceeded.notified().await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.waiting.0).remove(&self.token);
    }
}
