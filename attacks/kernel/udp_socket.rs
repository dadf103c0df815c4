//! Makes a socket for UDP.

use std::io;

use super::Targets;
use super::means::socket;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    socket(libc::AF_INET, libc::SOCK_DGRAM)
}
