//! Raises one of its limits.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let more = libc::rlimit {
        rlim_cur: 1 << 20,
        rlim_max: 1 << 20,
    };
    // SAFETY: setrlimit(2) reads the limit.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const more) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
