//! Signals the supervisor.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    call(libc::SYS_kill, &[to.process.into(), 0])
}
