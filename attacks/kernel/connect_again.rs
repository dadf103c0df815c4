//! Connects the socket it was born with to somebody else.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_connect, &[3, 0, 0])
}
