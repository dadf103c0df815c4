//! Runs an open file as a program.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    let file = File::open(&to.readable)?;
    let none = [std::ptr::null::<libc::c_char>()];
    // SAFETY: execveat(2) reads a text and two lists that end with null.
    match unsafe {
        libc::syscall(
            libc::SYS_execveat,
            file.as_raw_fd(),
            c"".as_ptr(),
            none.as_ptr(),
            none.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
