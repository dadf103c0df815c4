//! Looks at a worker whenever its processor clock says so.
//!
//! A worker that does nothing is never looked at; one that works is, the more often the more there is to
//! be afraid of. No clock tells of a worker's children, so one that may have some is looked at by the time on
//! the wall: while it works for somebody often, and seldom otherwise.

mod appetite;
mod others;
mod standing;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;
use std::time::Duration;

use mycelium_sandbox::CpuTimer;
use mycelium_sandbox::Layer;
use mycelium_sandbox::Worker;
use mycelium_types::Limit;
use mycelium_types::Limits;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::space::Reached;
use crate::space::Space;
use crate::space::SpaceKeeper;
use crate::ticket::Ticket;
use crate::watch::appetite::Appetite;
use crate::watch::standing::Standing;

pub(crate) use others::Others;

/// The processor time after which a worker is looked at in any case. Nearly all calls are shorter.
const LONG: Duration = Duration::from_millis(250);
/// The processor time before which nobody looks only to see whether others are to come first.
const SHORT: Duration = Duration::from_millis(10);

/// How often a worker that may have children is looked at while it works for a request: at least, and at
/// most, the nearer the limit the more often.
const BUSY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(50));
/// How often between two requests, when it has children, and when it has none that could do anything.
const LEFT_BEHIND: Duration = Duration::from_millis(250);
const QUIET: Duration = Duration::from_secs(5);

/// Who belongs to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// Itself alone.
    Alone,
    /// Itself, and at most this many processes at one time that it or they started.
    Family { children: u64 },
}

/// The watch over one worker. Ends with this value.
pub(crate) struct Watch {
    space: Option<Arc<Space>>,
    pace: Arc<Pace>,
    task: JoinHandle<()>,
}

/// How much a worker has worked lately, and for whom.
#[derive(Debug)]
struct Pace {
    members: Members,
    /// The most memory that all have, in bytes, where nobody else sees to that.
    memory: Option<u64>,
    /// The worker's processor time when the request began, or ended, in nanoseconds.
    since: AtomicU64,
    /// The processor time of this request, or since the last one, in nanoseconds.
    used: AtomicU64,
    /// Whether it works for no request.
    is_resting: AtomicBool,
    /// Whether it had children when it was last looked at.
    has_children: AtomicBool,
    /// The processor time that it may use for a request, and between two, in nanoseconds.
    allowed: u64,
    /// The limit for which it was ended.
    reached: OnceLock<Reached>,
    standing: Mutex<Standing>,
    /// A request has begun.
    begun: Notify,
}

impl Watch {
    /// Starts watching. The timer wakes the ticket; between two requests the worker may use as much processor
    /// time as a request may.
    pub(crate) fn start(
        keeper: Option<SpaceKeeper>,
        worker: Arc<Worker>,
        (timer, ticket): (CpuTimer, Ticket),
        members: Members,
        limits: &Limits,
        others: &Arc<Others>,
    ) -> Self {
        let space = keeper.as_ref().map(|keeper| Arc::clone(keeper.space()));
        let much = match mycelium_sandbox::may_give_precedence() {
            true => appetite::MUCH,
            false => appetite::MUCH_FOR_GOOD,
        };
        let is_counted = |layer: &Layer| matches!(layer, Layer::Cgroup { .. });
        let pace = Arc::new(Pace {
            members,
            memory: (!worker.report().layers.iter().any(is_counted))
                .then(|| limits.memory_mb.saturating_mul(1 << 20)),
            since: AtomicU64::new(0),
            used: AtomicU64::new(0),
            is_resting: AtomicBool::new(false),
            has_children: AtomicBool::new(false),
            allowed: nanoseconds(Duration::from_secs(limits.cpu_seconds)),
            reached: OnceLock::new(),
            standing: Mutex::new(Standing::new(
                Appetite::new(members.cpu_time(&worker).unwrap_or_default(), much),
                others,
            )),
            begun: Notify::new(),
        });
        let task = tokio::spawn(watch(Arc::clone(&pace), keeper, worker, timer, ticket));
        Self { space, pace, task }
    }

    /// What is known of the space that the worker's files take, if it can have any.
    pub(crate) fn space(&self) -> Option<&Arc<Space>> {
        self.space.as_ref()
    }

    /// The limit for which the worker was ended.
    pub(crate) fn reached(&self) -> Option<Reached> {
        self.pace.reached.get().copied()
    }

    /// The processor time so far of everybody who belongs to the worker.
    pub(crate) fn cpu_time(&self, worker: &Worker) -> Duration {
        self.pace.members.cpu_time(worker).unwrap_or_default()
    }

    /// Lets others go first from the start, until the worker was calm for a while.
    pub(crate) fn begin_behind(&self, worker: &Worker) {
        self.pace.standing().begin_behind(worker);
    }

    /// A request begins, when the worker has used this much processor time.
    pub(crate) fn begin_request(&self, worker: &Worker, cpu: Duration) {
        let pace = &self.pace;
        pace.count_from(cpu);
        pace.is_resting.store(false, Ordering::Release);
        pace.standing().begin(worker, cpu);
        pace.begun.notify_one();
    }

    /// A request has ended, when the worker had used this much processor time.
    pub(crate) fn end_request(&self, cpu: Duration) {
        self.pace.count_from(cpu);
        self.pace.is_resting.store(true, Ordering::Release);
        self.pace.standing().end(cpu);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(
    pace: Arc<Pace>,
    mut keeper: Option<SpaceKeeper>,
    worker: Arc<Worker>,
    timer: CpuTimer,
    ticket: Ticket,
) {
    loop {
        let patience = keeper.as_ref().map(SpaceKeeper::patience);
        match pace.members {
            Members::Alone => {
                // A timer that cannot be set any more is that of a worker that has ended.
                let patience = patience.unwrap_or(LONG).min(pace.standing().patience());
                let armed = timer.arm(patience, ticket.token());
                if armed.is_err() {
                    return;
                }
                ticket.expired().await;
            }
            Members::Family { .. } => {
                let interval = pace.interval(patience);
                tokio::select! {
                    () = tokio::time::sleep(interval) => {}
                    () = pace.begun.notified() => continue,
                }
            }
        }
        let (looking, looking_pace) = (Arc::clone(&worker), Arc::clone(&pace));
        let precedence = pace.standing().precedence();
        let looked = tokio::task::spawn_blocking(move || {
            // To look at many files or processes takes a while, which is the worker's doing.
            mycelium_sandbox::work_for(precedence, || {
                let reached = looking_pace.look(&looking);
                let found = keeper.as_mut().map(|keeper| keeper.look(&looking));
                (
                    keeper,
                    found.transpose().map(|found| reached.or(found.flatten())),
                )
            })
        });
        let Ok((kept, Ok(found))) = looked.await else {
            return;
        };
        keeper = kept;
        if let Some(reached) = found {
            // What is known first stays.
            let _ = pace.reached.set(reached);
            worker.kill();
            return;
        }
    }
}

impl Members {
    fn cpu_time(self, worker: &Worker) -> Option<Duration> {
        match self {
            Self::Alone => worker.cpu_time().ok(),
            Self::Family { .. } => worker.family_cpu_time().ok(),
        }
    }
}

impl Pace {
    /// What is used is counted anew, from this much processor time.
    fn count_from(&self, cpu: Duration) {
        self.since.store(nanoseconds(cpu), Ordering::Relaxed);
        self.used.store(0, Ordering::Relaxed);
    }

    /// How long until a worker with children is looked at again. With all processors it cannot use up what is
    /// left any sooner.
    fn interval(&self, patience: Option<Duration>) -> Duration {
        if self.is_resting.load(Ordering::Acquire) {
            return match self.has_children.load(Ordering::Relaxed) {
                true => LEFT_BEHIND,
                false => QUIET,
            };
        }
        let left = self
            .allowed
            .saturating_sub(self.used.load(Ordering::Relaxed));
        let processors = available_parallelism().map_or(1, usize::from) as u64;
        let (shortest, longest) = BUSY;
        let soonest = Duration::from_nanos(left / processors);
        soonest
            .min(patience.unwrap_or(longest))
            .clamp(shortest, longest)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the processor time until now.
    fn take_note(&self, worker: &Worker, cpu: Duration) {
        self.standing().reckon(worker, cpu);
    }

    /// Sees how much the worker takes, and whether that is too much.
    fn look(&self, worker: &Worker) -> Option<Reached> {
        let (now, reached) = match self.members {
            Members::Alone => (worker.cpu_time().ok()?, None),
            Members::Family { children } => {
                let family = worker.family().ok()?;
                self.has_children
                    .store(family.processes > 0, Ordering::Relaxed);
                let memory = self.memory.filter(|most| family.memory > *most);
                let reached = if family.processes > children {
                    Some(Limit::Processes.into())
                } else {
                    memory.and_then(|most| too_much_memory(worker, most))
                };
                (family.cpu_time, reached)
            }
        };
        let used = nanoseconds(now).saturating_sub(self.since.load(Ordering::Relaxed));
        self.used.store(used, Ordering::Relaxed);
        self.take_note(worker, now);
        // While it works for a request, the clock of a worker that is alone tells that.
        let is_over = used >= self.allowed
            && (self.members != Members::Alone || self.is_resting.load(Ordering::Acquire));
        reached.or(is_over.then_some(Limit::CpuTime.into()))
    }
}

/// Whether all have more than `most` bytes when what they share is counted once. Asked only of those who
/// may have, because finding out takes long.
fn too_much_memory(worker: &Worker, most: u64) -> Option<Reached> {
    let used = worker.family_memory().ok().filter(|used| *used > most)?;
    Some(Reached {
        limit: Limit::Memory,
        used: Some(used),
    })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
