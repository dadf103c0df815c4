//! Signals the supervisor as a thread.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    call(libc::SYS_tgkill, &[to.process.into(), to.process.into(), 0])
}
