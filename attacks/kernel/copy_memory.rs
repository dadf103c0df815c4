//! Copies the supervisor's memory.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    call(libc::SYS_process_vm_readv, &[to.process.into()])
}
