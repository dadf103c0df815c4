//! Reads another process's limits.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_prlimit64, &[1, 7, 0, 0])
}
