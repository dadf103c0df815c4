//! Makes a pair of local sockets for datagrams, and sends one to a service whose file it may only read.

use std::io;
use std::os::unix::net::UnixDatagram;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    let (socket, _other) = UnixDatagram::pair()?;
    let service = to.readable.with_file_name("datagrams");
    socket.send_to(b"x", service).map(drop)
}
