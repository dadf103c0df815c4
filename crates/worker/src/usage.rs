//! What this process has used.

use rustix::time::ClockId;

/// Processor time, in microseconds.
pub(crate) fn processor_microseconds() -> u64 {
    let time = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1_000
}
