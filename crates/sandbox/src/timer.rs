//! Timers on workers' processor clocks: told once, when a worker has used the time it was given.
#![allow(
    unsafe_code,
    reason = "POSIX timers and real-time signals have no safe wrapper"
)]

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::OsError;
use crate::SandboxError;
use crate::Worker;
use crate::syscall::CpuClock;
use crate::worker::clock_error;

/// How far above the first real-time signal ours is. The C library and debuggers use the first few; it
/// is only ever sent to the one thread that blocks it, so that others may use it as well.
const SIGNAL_OFFSET: i32 = 6;

/// One thread that waits for processor time to pass, in any number of workers.
///
/// Nothing is polled: the kernel compares the clock at its own ticks, so that a timer fires at most a
/// tick late (4 ms or less on usual kernels), and costs nothing while a worker is idle.
#[derive(Debug)]
pub struct CpuTimers {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    native: libc::pthread_t,
    kernel_id: libc::pid_t,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    next: AtomicUsize,
    /// By the number that the timer's signal carries.
    timers: Mutex<HashMap<usize, Arc<Mutex<Armed>>>>,
}

/// A timer as the kernel has it.
#[derive(Debug)]
struct Armed {
    timer: Timer,
    /// What its end means; nothing when it is not running.
    token: Option<u64>,
}

/// The kernel's name of a timer.
#[derive(Clone, Copy, Debug)]
struct Timer(libc::timer_t);

// SAFETY: the kernel's timers belong to the process; the name is no pointer into memory, whatever its
// type says, and every call with it may come from any thread.
unsafe impl Send for Timer {}

/// The timer of one worker. Dropping it stops it.
#[derive(Debug)]
pub struct CpuTimer {
    number: usize,
    armed: Arc<Mutex<Armed>>,
    shared: Arc<Shared>,
}

impl CpuTimers {
    /// Starts the thread. `expired` is called on it with the token of each timer that runs out.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(expired: impl Fn(u64) + Send + 'static) -> Result<Self, SandboxError> {
        let shared = Arc::new(Shared::default());
        let (ready, started) = mpsc::channel();
        let in_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("mycelium-cpu".to_owned())
            .spawn(move || {
                let signals = block_signal();
                // SAFETY: pthread_self(3) and gettid(2) have no preconditions.
                let me = unsafe { (libc::pthread_self(), libc::gettid()) };
                if ready.send(me).is_ok() {
                    wait_for_signals(&signals, &in_thread, &expired);
                }
            })
            .map_err(|error| SandboxError::Clock {
                source: error.into(),
            })?;
        let (native, kernel_id) = started.recv().map_err(|_| SandboxError::Clock {
            source: std::io::Error::from_raw_os_error(libc::EAGAIN).into(),
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            native,
            kernel_id,
        })
    }

    /// Makes the timer of `worker`, not yet running.
    ///
    /// # Errors
    /// When the worker has ended, or the kernel has no more timers for this process.
    pub fn timer(&self, worker: &Worker) -> Result<CpuTimer, SandboxError> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let timer = Timer::create(worker.clock()?, self.kernel_id, number).map_err(clock_error)?;
        let armed = Arc::new(Mutex::new(Armed { timer, token: None }));
        lock(&self.shared.timers).insert(number, Arc::clone(&armed));
        Ok(CpuTimer {
            number,
            armed,
            shared: Arc::clone(&self.shared),
        })
    }
}

impl Drop for CpuTimers {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // SAFETY: the thread has not been joined yet, so its name is valid.
            unsafe { libc::pthread_kill(self.native, signal()) };
            // A panic in the callback was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl CpuTimer {
    /// Lets the timer run out when the worker has used `budget` more processor time; `token` is what the
    /// callback gets. One system call. A timer that was still running is set anew, so there is no need
    /// to [`disarm`](Self::disarm) between calls: an idle worker uses no time.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn arm(&self, budget: Duration, token: u64) -> Result<(), SandboxError> {
        // A budget of nothing would disarm it.
        self.set(budget.max(Duration::from_nanos(1)), Some(token))
    }

    /// Stops the timer.
    ///
    /// # Errors
    /// When the worker has ended.
    pub fn disarm(&self) -> Result<(), SandboxError> {
        self.set(Duration::ZERO, None)
    }

    fn set(&self, budget: Duration, token: Option<u64>) -> Result<(), SandboxError> {
        // Held over both steps: the thread must not see the new token with the old timer's signal.
        let mut armed = lock(&self.armed);
        armed.token = token;
        armed.timer.set(budget).map_err(clock_error)
    }
}

impl Drop for CpuTimer {
    fn drop(&mut self) {
        lock(&self.shared.timers).remove(&self.number);
        let mut armed = lock(&self.armed);
        armed.token = None;
        armed.timer.delete();
    }
}

impl Timer {
    /// A timer on `clock` that sends its signal, carrying `number`, to the thread `kernel_id`.
    fn create(clock: CpuClock, kernel_id: libc::pid_t, number: usize) -> Result<Self, OsError> {
        // SAFETY: all fields are integers and a pointer, for which zero is a value.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_notify_thread_id = kernel_id;
        event.sigev_signo = signal();
        event.sigev_value.sival_ptr = ptr::without_provenance_mut(number);
        let mut timer = ptr::null_mut();
        // SAFETY: timer_create(2) reads the event and writes the timer's name; both live here.
        check(unsafe { libc::timer_create(clock.id(), &raw mut event, &raw mut timer) })?;
        Ok(Self(timer))
    }

    fn set(self, budget: Duration) -> Result<(), OsError> {
        let zero = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let setting = libc::itimerspec {
            it_interval: zero,
            it_value: libc::timespec {
                tv_sec: i64::try_from(budget.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(budget.subsec_nanos()),
            },
        };
        // SAFETY: timer_settime(2) reads the setting; the timer has not been deleted, which happens only
        // under the same lock when its owner is dropped.
        check(unsafe { libc::timer_settime(self.0, 0, &raw const setting, ptr::null_mut()) })
    }

    /// Whether the timer is running.
    fn is_running(self) -> bool {
        let mut setting = MaybeUninit::<libc::itimerspec>::uninit();
        // SAFETY: timer_gettime(2) writes the setting, and has when it returns 0. The timer's name is
        // valid as in `set`, or the call fails.
        unsafe {
            check(libc::timer_gettime(self.0, setting.as_mut_ptr())).is_ok_and(|()| {
                let left = setting.assume_init().it_value;
                (left.tv_sec, left.tv_nsec) != (0, 0)
            })
        }
    }

    fn delete(self) {
        // SAFETY: the timer's owner deletes it once, when it is dropped.
        unsafe { libc::timer_delete(self.0) };
    }
}

fn check(returned: libc::c_int) -> Result<(), OsError> {
    if returned < 0 {
        Err(OsError::last())
    } else {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signal() -> libc::c_int {
    libc::SIGRTMIN() + SIGNAL_OFFSET
}

/// Makes the calling thread, and no other, collect our signal instead of being interrupted by it.
fn block_signal() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset(3) initialises the set; the calls after it read or change it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal());
        let set = set.assume_init();
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        set
    }
}

fn wait_for_signals(signals: &libc::sigset_t, shared: &Shared, expired: &dyn Fn(u64)) {
    while !shared.stopping.load(Ordering::Acquire) {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: sigwaitinfo(2) reads the set and writes the information; both live here.
        if unsafe { libc::sigwaitinfo(signals, info.as_mut_ptr()) } < 0 {
            // Interrupted by a signal that is none of ours.
            continue;
        }
        // SAFETY: zeroed and then written by the kernel; si_value exists in every kind of it.
        let (code, number) = unsafe {
            let info = info.assume_init();
            (info.si_code, info.si_value().sival_ptr.addr())
        };
        if code != libc::SI_TIMER {
            continue;
        }
        let Some(armed) = lock(&shared.timers).get(&number).cloned() else {
            continue;
        };
        let token = {
            let armed = lock(&armed);
            // If it runs, the signal is from before it was last set, and what that was for is over.
            armed.token.filter(|_| !armed.timer.is_running())
        };
        if let Some(token) = token {
            expired(token);
        }
    }
}
