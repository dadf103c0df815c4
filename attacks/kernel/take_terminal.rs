//! Makes a terminal its own, to type into it.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_ioctl, &[0, libc::TIOCSCTTY as libc::c_long, 1])
}
