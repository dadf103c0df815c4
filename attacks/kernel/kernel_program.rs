//! Loads a program into the kernel.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_bpf, &[])
}
