//! Sets one of its limits.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_prlimit64, &[0, 7, 1, 0])
}
