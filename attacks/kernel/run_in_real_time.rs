//! Gives itself real time priority.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_sched_setscheduler, &[])
}
