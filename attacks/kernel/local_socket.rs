//! Makes a local socket, as for a service's file.

use std::io;

use super::Targets;
use super::means::socket;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    socket(libc::AF_UNIX, libc::SOCK_STREAM)
}
