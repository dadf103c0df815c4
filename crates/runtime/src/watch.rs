//! Looks at a worker whenever its processor clock says so.
//!
//! A worker that does nothing is never looked at; one that works is, the more often the more there is to
//! be afraid of.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mycelium_sandbox::CpuTimer;
use mycelium_sandbox::Precedence;
use mycelium_sandbox::Worker;
use mycelium_types::Limit;
use tokio::task::JoinHandle;

use crate::space::Reached;
use crate::space::Space;
use crate::space::SpaceKeeper;
use crate::ticket::Ticket;

/// The processor time after which a request is a long one, which lets others go first. Nearly all calls
/// are shorter.
const LONG: Duration = Duration::from_millis(250);

/// The watch over one worker. Ends with this value.
pub(crate) struct Watch {
    space: Option<Arc<Space>>,
    pace: Arc<Pace>,
    task: JoinHandle<()>,
}

/// How much a worker has worked lately, and for whom.
#[derive(Debug)]
struct Pace {
    /// The worker's processor time when the request began, or ended, in nanoseconds.
    since: AtomicU64,
    /// Whether it works for no request.
    is_resting: AtomicBool,
    /// The processor time that it may use between two requests, in nanoseconds.
    allowed: u64,
    /// Whether it used more.
    is_over: AtomicBool,
    /// Whether it comes after others.
    behind: AtomicBool,
}

impl Watch {
    /// Starts watching. The timer wakes the ticket; between two requests the worker may use as much processor
    /// time as a request may.
    pub(crate) fn start(
        keeper: Option<SpaceKeeper>,
        worker: Arc<Worker>,
        (timer, ticket): (CpuTimer, Ticket),
        allowed: Duration,
    ) -> Self {
        let space = keeper.as_ref().map(|keeper| Arc::clone(keeper.space()));
        let pace = Arc::new(Pace {
            since: AtomicU64::new(0),
            is_resting: AtomicBool::new(false),
            allowed: nanoseconds(allowed),
            is_over: AtomicBool::new(false),
            behind: AtomicBool::new(false),
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
        if self.pace.is_over.load(Ordering::Acquire) {
            return Some(Limit::CpuTime.into());
        }
        self.space.as_ref()?.reached()
    }

    /// A request begins, when the worker has used this much processor time.
    pub(crate) fn begin_request(&self, worker: &Worker, cpu: Duration) {
        self.pace.since.store(nanoseconds(cpu), Ordering::Relaxed);
        self.pace.is_resting.store(false, Ordering::Release);
        if self.pace.behind.load(Ordering::Relaxed)
            && worker.set_precedence(Precedence::Normal).is_ok()
        {
            self.pace.behind.store(false, Ordering::Relaxed);
        }
    }

    /// A request has ended, when the worker had used this much processor time.
    pub(crate) fn end_request(&self, cpu: Duration) {
        self.pace.since.store(nanoseconds(cpu), Ordering::Relaxed);
        self.pace.is_resting.store(true, Ordering::Release);
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
        let patience = keeper.as_ref().map_or(LONG, SpaceKeeper::patience);
        // A timer that cannot be set any more is that of a worker that has ended.
        if timer.arm(patience.min(LONG), ticket.token()).is_err() {
            return;
        }
        ticket.expired().await;
        let (looking, looking_pace) = (Arc::clone(&worker), Arc::clone(&pace));
        let looked = tokio::task::spawn_blocking(move || {
            looking_pace.check(&looking);
            if looking_pace.is_over.load(Ordering::Acquire) {
                looking.kill();
            }
            let found = keeper.as_mut().map(|keeper| keeper.look(&looking));
            (keeper, found.transpose())
        });
        let Ok((kept, Ok(found))) = looked.await else {
            return;
        };
        keeper = kept;
        if let (Some(keeper), Some(reached)) = (&keeper, found.flatten()) {
            keeper.space().condemn(reached);
            worker.kill();
            return;
        }
    }
}

impl Pace {
    /// Lets others go first once a request is a long one, and sees who goes on for too long without one.
    fn check(&self, worker: &Worker) {
        let Ok(now) = worker.cpu_time() else {
            return;
        };
        let used = nanoseconds(now).saturating_sub(self.since.load(Ordering::Relaxed));
        if used >= nanoseconds(LONG)
            && !self.behind.load(Ordering::Relaxed)
            && worker.set_precedence(Precedence::Behind).is_ok()
        {
            self.behind.store(true, Ordering::Relaxed);
        }
        if self.is_resting.load(Ordering::Acquire) && used >= self.allowed {
            self.is_over.store(true, Ordering::Release);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
