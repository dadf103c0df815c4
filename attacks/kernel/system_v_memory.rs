//! Gets System V shared memory, which no limit counts.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_shmget, &[0, 4096, 0o1600])
}
