//! Makes a System V message queue.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_msgget, &[0, 0o1600])
}
