//! Sends signals by way of a descriptor's owner.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_fcntl, &[0, 8, 1])
}
