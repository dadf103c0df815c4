//! Connects to the address at which clouds tell a machine its keys.

use std::io;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let address = SocketAddr::from(([169, 254, 169, 254], 80));
    TcpStream::connect_timeout(&address, Duration::from_secs(5)).map(drop)
}
