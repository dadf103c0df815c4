//! Puts on a filter of its own, which could lie to what it calls.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_seccomp, &[1, 0, 0])
}
