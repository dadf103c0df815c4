//! Reads the supervisor's limits.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    call(libc::SYS_prlimit64, &[to.process.into(), 7, 0, 0])
}
