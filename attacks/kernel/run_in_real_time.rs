//! Gives itself real time priority.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let first: libc::c_int = 1;
    // The C library of some systems refuses by itself.
    // SAFETY: sched_setscheduler(2) reads one number.
    match unsafe {
        libc::syscall(
            libc::SYS_sched_setscheduler,
            0,
            libc::SCHED_FIFO,
            &raw const first,
        )
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
