//! Makes a socket to the kernel's ciphers.

use std::io;

use super::Targets;
use super::means::socket;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    socket(libc::AF_ALG, libc::SOCK_SEQPACKET)
}
