//! Mounts a file system.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let (kind, place) = (c"tmpfs", c"/tmp");
    // SAFETY: mount(2) reads three texts and takes no further data.
    match unsafe {
        libc::mount(
            kind.as_ptr(),
            place.as_ptr(),
            kind.as_ptr(),
            0,
            std::ptr::null(),
        )
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
