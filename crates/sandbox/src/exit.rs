//! How a worker ended, told as well as it can be known.

use std::fmt;
use std::time::Duration;

use mycelium_types::Limits;
use serde::Deserialize;
use serde::Serialize;

use crate::limits::cpu_in_a_life;
use crate::syscall::Ending;

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Why it ended.
    pub cause: ExitCause,
    /// The processor time it used in its life.
    pub cpu_time: Duration,
    /// The most memory it had at one time, in bytes.
    pub peak_memory: u64,
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCause {
    /// Its main function returned this status.
    Returned(u8),
    /// Its supervisor killed it.
    Killed,
    /// It used more memory than its limit. Certain where a control group says so; without one, what a
    /// crash looks like with nearly all of the limit in use.
    MemoryLimit,
    /// It used more processor time in its life than the last resort allows.
    CpuLimit,
    /// It made a system call of another instruction set, as only an attack does.
    ForbiddenCall,
    /// This signal ended it.
    Signal(i32),
    /// The launcher ended, and the worker with it.
    LauncherLost,
}

impl fmt::Display for ExitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(status) => write!(f, "it ended by itself with status {status}"),
            Self::Killed => f.write_str("it was killed"),
            Self::MemoryLimit => f.write_str("it used too much memory"),
            Self::CpuLimit => f.write_str("it used too much processor time"),
            Self::ForbiddenCall => f.write_str("it made a forbidden system call"),
            Self::Signal(signal) => write!(f, "signal {signal} ended it"),
            Self::LauncherLost => f.write_str("the launcher ended"),
        }
    }
}

/// What is known when a worker has ended.
pub(crate) struct Evidence {
    pub(crate) ending: Ending,
    pub(crate) out_of_memory: bool,
    pub(crate) killed: bool,
    pub(crate) cpu_time: Duration,
    pub(crate) peak_memory: u64,
    /// Its skill's limits, if it had one.
    pub(crate) limits: Option<Limits>,
}

impl Evidence {
    pub(crate) fn conclude(self) -> Exit {
        Exit {
            cause: self.cause(),
            cpu_time: self.cpu_time,
            peak_memory: self.peak_memory,
        }
    }

    fn cause(&self) -> ExitCause {
        let signal = match self.ending {
            Ending::Status(status) => return ExitCause::Returned(status),
            Ending::Signal(signal) => signal,
        };
        if self.out_of_memory {
            return ExitCause::MemoryLimit;
        }
        match signal {
            libc::SIGSYS => ExitCause::ForbiddenCall,
            libc::SIGKILL if self.killed => ExitCause::Killed,
            libc::SIGKILL if self.spent_its_life() => ExitCause::CpuLimit,
            // A worker is the first process of its namespace, which an abort ends as a fault does.
            libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGTRAP
                if self.nearly_full() =>
            {
                ExitCause::MemoryLimit
            }
            other => ExitCause::Signal(other),
        }
    }

    fn spent_its_life(&self) -> bool {
        // The kernel counts in ticks of at most 10 ms.
        let tick = Duration::from_millis(10);
        self.limits
            .is_some_and(|limits| self.cpu_time + tick >= cpu_in_a_life(&limits))
    }

    fn nearly_full(&self) -> bool {
        self.limits
            .is_some_and(|limits| self.peak_memory / 9 * 10 >= limits.memory_mb << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(change: impl FnOnce(&mut Evidence)) -> ExitCause {
        let mut evidence = Evidence {
            ending: Ending::Signal(libc::SIGKILL),
            out_of_memory: false,
            killed: false,
            cpu_time: Duration::from_secs(1),
            peak_memory: 20 << 20,
            limits: Some(Limits::default()),
        };
        change(&mut evidence);
        evidence.conclude().cause
    }

    #[test]
    fn each_ending_has_its_cause() {
        assert_eq!(
            cause(|it| it.ending = Ending::Status(3)),
            ExitCause::Returned(3)
        );
        assert_eq!(cause(|it| it.killed = true), ExitCause::Killed);
        assert_eq!(cause(|_| ()), ExitCause::Signal(libc::SIGKILL));
        assert_eq!(cause(|it| it.out_of_memory = true), ExitCause::MemoryLimit);
        assert_eq!(
            cause(|it| it.cpu_time = Duration::from_millis(29_999_995)),
            ExitCause::CpuLimit
        );
        assert_eq!(
            cause(|it| it.ending = Ending::Signal(libc::SIGSYS)),
            ExitCause::ForbiddenCall
        );
    }

    #[test]
    fn a_crash_is_a_memory_limit_only_when_memory_was_nearly_used_up() {
        assert_eq!(
            cause(|it| it.ending = Ending::Signal(libc::SIGSEGV)),
            ExitCause::Signal(libc::SIGSEGV)
        );
        assert_eq!(
            cause(|it| {
                it.ending = Ending::Signal(libc::SIGSEGV);
                it.peak_memory = 480 << 20;
            }),
            ExitCause::MemoryLimit
        );
    }

    #[test]
    fn without_a_skill_there_is_no_limit_to_blame() {
        assert_eq!(
            cause(|it| {
                it.limits = None;
                it.ending = Ending::Signal(libc::SIGSEGV);
                it.peak_memory = 480 << 20;
            }),
            ExitCause::Signal(libc::SIGSEGV)
        );
    }
}
