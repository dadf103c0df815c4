//! Makes a socket for raw packets.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(
        libc::SYS_socket,
        &[
            libc::AF_INET.into(),
            libc::SOCK_RAW.into(),
            libc::IPPROTO_ICMP.into(),
        ],
    )
}
