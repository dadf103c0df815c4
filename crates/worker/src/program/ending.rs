//! What it means that a program has ended.

use std::time::Duration;

use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_sandbox::ProcessEnd;
use mycelium_sandbox::ProcessStatus;
use mycelium_types::Limits;
use rustix::process::Signal;

use crate::quickjs::plain_failure;

/// The failure of a program that ended so; `last_line` is what it said last.
pub(super) fn failure(end: &ProcessEnd, last_line: &str, limits: &Limits) -> Failure {
    let (kind, message) = match end.status {
        // One that gives up with too many around it was refused more.
        ProcessStatus::Returned(status) if end.left_behind > limits.processes => (
            FailureKind::Processes,
            format!("it ended with status {status}"),
        ),
        ProcessStatus::Returned(status) => (
            FailureKind::Thrown,
            format!("it ended with status {status}"),
        ),
        ProcessStatus::Signal(signal) => (
            of_signal(signal, end, limits),
            format!("signal {signal} ended it"),
        ),
    };
    let message = match last_line {
        "" => message,
        line => format!("{message}: {line}"),
    };
    plain_failure(kind, message)
}

/// The same of a program that was run for one call.
pub(super) fn failure_of_call(end: &ProcessEnd, last_line: &str, limits: &Limits) -> Failure {
    let failure = failure(end, last_line, limits);
    let gave_up = matches!(end.status, ProcessStatus::Returned(_));
    if gave_up && failure.kind == FailureKind::Thrown && is_over_time(end, limits) {
        return Failure {
            kind: FailureKind::CpuTime,
            ..failure
        };
    }
    failure
}

/// Whether it has used up its processor time with everything that it started, of which the kernel ends only parts: a program whose
/// child was ended may end well all the same, before anybody else has noticed.
pub(super) fn is_over_time(end: &ProcessEnd, limits: &Limits) -> bool {
    end.cpu_time >= Duration::from_secs(limits.cpu_seconds)
}

/// What a signal means, told by the limit that the program was near.
fn of_signal(signal: i32, end: &ProcessEnd, limits: &Limits) -> FailureKind {
    let used_up = end.cpu_time.as_secs_f64() > limits.cpu_seconds as f64 * 0.95;
    let nearly_full = end.peak_memory > limits.memory_mb.saturating_mul(1 << 20) / 10 * 9;
    let is = |other: Signal| signal == other.as_raw();
    if is(Signal::XCPU) || is(Signal::KILL) && used_up {
        FailureKind::CpuTime
    } else if is(Signal::XFSZ) {
        FailureKind::FileSize
    } else if nearly_full || is(Signal::KILL) {
        // Nobody else kills a program in here: it was the kernel, for want of memory.
        FailureKind::OutOfMemory
    } else {
        FailureKind::Thrown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_well_may_be_over_its_time() {
        let limits = Limits {
            cpu_seconds: 1,
            ..Limits::default()
        };
        let end = |milliseconds| ProcessEnd {
            status: ProcessStatus::Returned(0),
            cpu_time: Duration::from_millis(milliseconds),
            peak_memory: 0,
            left_behind: 0,
        };
        assert!(!is_over_time(&end(999), &limits));
        assert!(is_over_time(&end(1_000), &limits));
        let kind = |milliseconds| failure_of_call(&end(milliseconds), "", &limits).kind;
        assert_eq!(kind(999), FailureKind::Thrown);
        assert_eq!(kind(1_000), FailureKind::CpuTime);
    }
}
