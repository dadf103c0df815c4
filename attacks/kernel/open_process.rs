//! Opens the supervisor's process.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    call(libc::SYS_pidfd_open, &[to.process.into(), 0])
}
