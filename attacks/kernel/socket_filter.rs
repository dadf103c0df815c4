//! Loads a program into the kernel as a filter of its socket.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_setsockopt, &[3, 1, 26, 0, 0])
}
