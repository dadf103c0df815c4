//! Makes a socket to the kernel's network settings.

use std::io;

use super::Targets;
use super::means::socket;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    socket(libc::AF_NETLINK, libc::SOCK_RAW)
}
