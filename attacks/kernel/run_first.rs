//! Gives itself priority over all others.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_setpriority, &[0, 0, -20])
}
