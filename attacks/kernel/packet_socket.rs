//! Makes a socket for the packets of a network device, below every address and port.

use std::io;

use super::Targets;
use super::means::socket;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    socket(libc::AF_PACKET, libc::SOCK_RAW)
}
