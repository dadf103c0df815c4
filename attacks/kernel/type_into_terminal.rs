//! Types into the terminal.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_ioctl, &[0, 0x5412, 0])
}
