//! Makes system calls out of the filter's sight, by a queue.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let mut parameters = [0u64; 15];
    // SAFETY: io_uring_setup(2) reads and writes its parameters, 120 bytes.
    match unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, parameters.as_mut_ptr()) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
