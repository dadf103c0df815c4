//! Gives itself capabilities.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    const VERSION: u32 = 0x2008_0522;
    let whose = [VERSION, 0];
    let all = [u32::MAX; 6];
    // SAFETY: capset(2) reads the version with a process, and three sets of 64 bits.
    match unsafe { libc::syscall(libc::SYS_capset, whose.as_ptr(), all.as_ptr()) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
