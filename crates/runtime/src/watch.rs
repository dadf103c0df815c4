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
use tokio::task::JoinHandle;

use crate::space::Space;
use crate::space::SpaceKeeper;
use crate::supervisor::Ticket;

/// The processor time after which a request is a long one, which lets others go first. Nearly all calls
/// are shorter.
const LONG: Duration = Duration::from_millis(250);

/// The watch over one worker. Ends with this value.
pub(crate) struct Watch {
    space: Option<Arc<Space>>,
    pace: Arc<Pace>,
    task: JoinHandle<()>,
}

/// Where in its request a worker is.
#[derive(Debug, Default)]
struct Pace {
    /// The worker's processor time when the request began, in nanoseconds.
    began: AtomicU64,
    /// Whether it comes after others.
    behind: AtomicBool,
}

impl Watch {
    /// Starts watching.
    pub(crate) fn start(
        keeper: Option<SpaceKeeper>,
        worker: Arc<Worker>,
        timer: CpuTimer,
        ticket: Ticket,
    ) -> Self {
        let space = keeper.as_ref().map(|keeper| Arc::clone(keeper.space()));
        let pace = Arc::new(Pace::default());
        let task = tokio::spawn(watch(Arc::clone(&pace), keeper, worker, timer, ticket));
        Self { space, pace, task }
    }

    /// What is known of the space that the worker's files take, if it can have any.
    pub(crate) fn space(&self) -> Option<&Arc<Space>> {
        self.space.as_ref()
    }

    /// A request begins, when the worker has used this much processor time.
    pub(crate) fn begin_request(&self, worker: &Worker, cpu: Duration) {
        self.pace.began.store(nanoseconds(cpu), Ordering::Relaxed);
        if self.pace.behind.load(Ordering::Relaxed)
            && worker.set_precedence(Precedence::Normal).is_ok()
        {
            self.pace.behind.store(false, Ordering::Relaxed);
        }
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
    /// Lets others go first once a request is a long one.
    fn check(&self, worker: &Worker) {
        let Ok(now) = worker.cpu_time() else {
            return;
        };
        let used = nanoseconds(now).saturating_sub(self.began.load(Ordering::Relaxed));
        if used >= nanoseconds(LONG)
            && !self.behind.load(Ordering::Relaxed)
            && worker.set_precedence(Precedence::Behind).is_ok()
        {
            self.behind.store(true, Ordering::Relaxed);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
