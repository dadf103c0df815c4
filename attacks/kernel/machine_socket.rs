//! Makes a socket to the virtual machine's host, which network namespaces do not confine.

use std::io;

use super::Targets;
use super::means::socket;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    socket(libc::AF_VSOCK, libc::SOCK_STREAM)
}
