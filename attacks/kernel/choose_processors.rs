//! Chooses the processors that it runs on, of which one is left to others while it computes much.

use std::io;
use std::mem::size_of;
use std::mem::zeroed;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: both calls stay within the set, whose bits may be anything. It lives until they return.
    let chosen = unsafe {
        let mut processors: libc::cpu_set_t = zeroed();
        match libc::sched_getaffinity(0, size, &raw mut processors) {
            0 => libc::sched_setaffinity(0, size, &raw const processors),
            failed => failed,
        }
    };
    match chosen {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
