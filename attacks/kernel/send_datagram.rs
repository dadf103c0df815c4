//! Sends a datagram to a server on this machine and waits for what it answers.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    socket.connect(("127.0.0.1", to.port))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.send(b"x")?;
    // Where nobody listens the answer is an error.
    socket.recv(&mut [0]).map(drop)
}
