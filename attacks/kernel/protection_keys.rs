//! Makes pages executable by a second call that changes their protection.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    const NO_KEY: i32 = -1;
    let write = libc::PROT_READ | libc::PROT_WRITE;
    let execute = libc::PROT_READ | libc::PROT_EXEC;
    let own = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping at a place of the kernel's choice, of which only the protection is changed.
    let changed = unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, write, own, -1, 0);
        libc::syscall(libc::SYS_pkey_mprotect, page, 4096, execute, NO_KEY)
    };
    match changed {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
