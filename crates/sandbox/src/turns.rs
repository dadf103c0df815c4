//! How workers and their supervisor take turns on the processors.
//!
//! Work here comes in short pieces that somebody waits for. What the kernel gives a thread in one turn, some milliseconds by
//! default, is longer than most of them take: a worker that is woken while another computes would wait for the end of that one's
//! turn. Threads that ask for short turns may be woken into the middle of a longer one, and get no more of the processor for
//! it (`sched(7)`, earliest eligible virtual deadline first; from Linux 6.12).
//!
//! No priority helps who is woken while another is within the kernel: a system call is not interrupted by everybody, and one that makes
//! processes or files is long. So workers that come after others can be kept off one of the processors, with what is done for
//! them here: whoever is woken finds it free of them.

use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::getrlimit;
use rustix::process::setpriority_process;
use rustix::thread::CapabilitySet;
use rustix::thread::CpuSet;
use rustix::thread::capabilities;
use rustix::thread::sched_getaffinity;
use rustix::thread::sched_setaffinity;

use crate::OsError;
use crate::kernel_file;
use crate::syscall;
use crate::tree;

/// The turn of who is waited for: the shortest that the kernel knows, in nanoseconds.
const SHORT: u64 = 100_000;
/// The kernel's own choice.
const USUAL: u64 = 0;
/// The priority of workers that come after others. It leaves them a tenth of a processor that somebody
/// else uses fully, so that they still get on.
const BEHIND: i32 = 10;

/// Who has the processor first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// As every program, in short turns.
    Normal,
    /// After others, who may be kept waiting for the end of a system call.
    Behind,
    /// After others, and not on every processor: what runs for short times hardly notices what runs for long.
    Aside,
}

impl Precedence {
    fn nice(self) -> i32 {
        match self {
            Self::Normal => 0,
            Self::Behind | Self::Aside => BEHIND,
        }
    }

    fn turn(self) -> u64 {
        match self {
            Self::Normal => SHORT,
            Self::Behind | Self::Aside => USUAL,
        }
    }

    /// The processors that it runs on; nothing if there is no choice.
    fn processors(self) -> Option<&'static CpuSet> {
        let Processors { all, rest } = processors().as_ref()?;
        Some(match self {
            Self::Normal | Self::Behind => all,
            Self::Aside => rest,
        })
    }
}

/// The processors that this process may use.
struct Processors {
    all: CpuSet,
    /// All but the first.
    rest: CpuSet,
}

/// What there is when this is first asked, before any thread gives one up; nothing if there is only one. Should some be taken away
/// later, the kernel leaves them out by itself.
fn processors() -> &'static Option<Processors> {
    static PROCESSORS: OnceLock<Option<Processors>> = OnceLock::new();
    PROCESSORS.get_or_init(|| {
        let all = sched_getaffinity(None).ok()?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor));
        let (first, _second) = (usable.next()?, usable.next()?);
        let mut rest = all;
        rest.unset(first);
        Some(Processors { all, rest })
    })
}

/// Has the calling thread, and the threads and processes that it starts from now on, take short turns: it is woken sooner beside
/// those who compute, for as much of the processor as before.
///
/// # Errors
/// When the kernel refuses. Everything else goes on as it was.
pub fn take_short_turns() -> Result<(), OsError> {
    let nice = rustix::process::getpriority_process(None).map_err(OsError::from)?;
    syscall::set_scheduling(None, nice, SHORT)
}

/// Has the calling thread run where those run for whom it works.
pub(crate) fn join(precedence: Precedence) {
    if let Some(processors) = precedence.processors() {
        // Where a container allows no choice everything else goes on as it was.
        let _ = sched_setaffinity(None, processors);
    }
}

/// Does something in the calling thread for workers with this precedence, where they run themselves.
pub fn work_for<T>(precedence: Precedence, work: impl FnOnce() -> T) -> T {
    /// The processors that the thread had: whose thread it is may have chosen.
    struct Back(CpuSet);
    impl Drop for Back {
        fn drop(&mut self) {
            let _ = sched_setaffinity(None, &self.0);
        }
    }
    let _back = match precedence {
        Precedence::Normal | Precedence::Behind => None,
        Precedence::Aside => {
            let before = sched_getaffinity(None).ok().map(Back);
            // Without a way back nothing is changed.
            if before.is_some() {
                join(precedence);
            }
            before
        }
    };
    work()
}

/// Has the calling thread take turns as the kernel sees fit, whatever whoever started it had.
///
/// # Errors
/// When the kernel refuses. Everything else goes on as it was.
pub(crate) fn take_usual_turns() -> Result<(), OsError> {
    let nice = rustix::process::getpriority_process(None).map_err(OsError::from)?;
    syscall::set_scheduling(None, nice, USUAL)
}

/// Whether this process may let workers come before others again that it let come after them.
#[must_use]
pub fn may_give_precedence() -> bool {
    // What `getrlimit(2)` says of it: 20 is a priority of 0.
    let limit = getrlimit(Resource::Nice).current;
    let capable =
        capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_NICE));
    capable || limit.is_none_or(|limit| limit >= 20)
}

/// Sets what every thread of these processes has, and each of their groups where the kernel makes one of every session
/// (`sched(7)`, autogroup). Processes that they start inherit it.
///
/// # Errors
/// When it is better than before and the caller may not give that. All threads that can be changed are.
pub(crate) fn set(members: &[Pid], precedence: Precedence) -> Result<(), OsError> {
    let mut outcome = Ok(());
    for member in members {
        // The priority of a group that is no autogroup cannot be set, and does not count either.
        let group = tree::of(*member, "autogroup");
        let _ = kernel_file::write(group, &precedence.nice().to_string());
        for thread in tree::threads(*member) {
            let set = syscall::set_scheduling(Some(thread), precedence.nice(), precedence.turn())
                // In a container that may be refused where the priority alone is not.
                .or_else(|_| setpriority_process(Some(thread), precedence.nice()));
            match set {
                Ok(()) => {
                    if let Some(processors) = precedence.processors() {
                        // As in `join`.
                        let _ = sched_setaffinity(Some(thread), processors);
                    }
                }
                // One that has ended needs none.
                Err(Errno::SRCH) => {}
                // A hostile one must not keep the others as they are.
                Err(error) => outcome = Err(error.into()),
            }
        }
    }
    outcome
}
