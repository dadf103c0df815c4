//! What this process has used.

use rustix::time::ClockId;

/// Processor time, in microseconds.
pub(crate) fn processor_microseconds() -> u64 {
    let time = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1_000
}

/// The most memory that was resident at one time, in bytes.
#[allow(unsafe_code, reason = "no safe wrapper of getrusage is at hand")]
pub(crate) fn peak_memory() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the kernel fills the structure, which is large enough, and says so by returning 0.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) != 0 {
            return 0;
        }
        usage.assume_init()
    };
    // Linux counts in kibibytes.
    u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10
}
