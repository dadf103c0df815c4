//! Workers: kept warm, given to one skill each, ended when they overstep.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use mycelium_config::SecretStore;
use mycelium_network::Gate;
use mycelium_network::HttpClient;
use mycelium_policy::SandboxPolicy;
use mycelium_sandbox::CpuTimers;
use mycelium_sandbox::Launcher;
use mycelium_sandbox::LauncherOptions;
use mycelium_sandbox::SandboxError;
use mycelium_sandbox::SandboxReport;
use mycelium_sandbox::Worker;
use mycelium_sandbox::WorkerKind;
use mycelium_types::ErrorReport;
use tokio::net::UnixStream;

use crate::audit::AuditTrail;
use crate::connection::Connection;
use crate::exchanges::Exchanges;
use crate::live_worker::LiveWorker;
use crate::network;
use crate::network::RequestAudit;
use crate::network::WorkerAuthority;
use crate::output::Output;
use crate::space::SpaceKeeper;
use crate::ticket::Ticket;
use crate::ticket::Waiting;
use crate::watch::Members;
use crate::watch::Others;
use crate::watch::Watch;

/// Workers that wait, locked down, for a skill that an embedded engine runs. They cost about 2 MiB each.
const WARM: usize = 2;
/// Workers that wait for a skill that is a program of its own, once there has been one.
const WARM_PROGRAMS: usize = 1;

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
    audit: AuditTrail,
    secrets: SecretStore,
    client: Arc<HttpClient>,
    launcher: Mutex<Option<Arc<Launcher>>>,
    warm: Mutex<Vec<Warm>>,
    /// How many workers of which kind are kept ready.
    kept: Mutex<HashMap<WorkerKind, usize>>,
    refilling: AtomicBool,
    timers: Mutex<Option<Arc<CpuTimers>>>,
    others: Arc<Others>,
    waiting: Waiting,
    tokens: AtomicU64,
    stopped: AtomicBool,
}

impl Supervisor {
    /// A supervisor that has started nothing yet.
    pub(crate) fn new(
        program: PathBuf,
        client: Arc<HttpClient>,
        audit: AuditTrail,
        secrets: SecretStore,
    ) -> Self {
        Self {
            program,
            audit,
            secrets,
            client,
            launcher: Mutex::default(),
            warm: Mutex::default(),
            kept: Mutex::new(HashMap::from([(WorkerKind::Embedded, WARM)])),
            refilling: AtomicBool::new(false),
            timers: Mutex::default(),
            others: Arc::default(),
            waiting: Waiting::default(),
            tokens: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Gives a worker its sandbox. Blocks for as long as the kernel takes, 0.1 ms for a warm worker.
    pub(crate) fn start(
        self: &Arc<Self>,
        policy: &SandboxPolicy,
        members: Members,
        session: Option<String>,
        authority: Option<&WorkerAuthority>,
    ) -> Result<(LiveWorker, SandboxReport), ErrorReport> {
        let gate = network::gate(policy)?;
        let audit = RequestAudit::new(&self.audit, policy, session.as_deref());
        let mut started = self.try_start(policy, members, (&gate, &audit, authority));
        for _ in 0..=WARM.max(WARM_PROGRAMS) {
            // A warm worker, or the launcher with all of them, was ended by somebody: the next try takes
            // another one.
            if !matches!(
                started,
                Err(SandboxError::LauncherLost | SandboxError::WorkerLost)
            ) {
                break;
            }
            started = self.try_start(policy, members, (&gate, &audit, authority));
        }
        // Where there can be no such worker, trying to keep one would keep the others from being made.
        if started.is_ok() && WorkerKind::of(policy) == WorkerKind::Program {
            lock(&self.kept).insert(WorkerKind::Program, WARM_PROGRAMS);
        }
        self.refill();
        started.map_err(|error| ErrorReport::from(error).with("skill", &policy.skill.name))
    }

    fn try_start(
        &self,
        policy: &SandboxPolicy,
        members: Members,
        (gate, audit, authority): (&Gate, &RequestAudit, Option<&WorkerAuthority>),
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
        let keeper = SpaceKeeper::new(policy, members);
        let report = launcher.assign(&worker, policy)?;
        let (broker, records) = network::broker(gate.clone(), policy, audit.clone(), &self.secrets);
        if let Some(authority) = authority {
            authority.serve(&broker);
        }
        if policy.has_own_network() {
            network::open(&launcher, &worker, &broker)?;
        }
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
        let watch = Watch::start(
            keeper,
            Arc::clone(&worker),
            (timer_of_watch, self.ticket()),
            members,
            &policy.limits,
            &self.others,
        );
        let exchanges = Exchanges::new(Arc::clone(&self.client), Arc::clone(&broker));
        let connection =
            Connection::new(stream, kind, &policy.limits, exchanges, records).with_output(output);
        let live = LiveWorker::new(
            worker,
            connection,
            broker,
            (timer, self.ticket()),
            watch,
            &policy.limits,
        );
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
