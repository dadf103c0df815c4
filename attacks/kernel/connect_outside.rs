//! Connects to an address of another machine.

use std::io;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let address = SocketAddr::from(([192, 0, 2, 1], 443));
    TcpStream::connect_timeout(&address, Duration::from_secs(5)).map(drop)
}
