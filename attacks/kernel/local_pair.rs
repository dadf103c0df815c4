//! Makes a pair of local sockets.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_socketpair, &[1, 1, 0, 0])
}
