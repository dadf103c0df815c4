//! Connects to a server on this machine.

use std::io;
use std::net::TcpStream;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    TcpStream::connect(("127.0.0.1", to.port)).map(drop)
}
