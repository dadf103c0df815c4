//! Connects to a local server without a file.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixStream;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    let address = SocketAddr::from_abstract_name(&to.name)?;
    UnixStream::connect_addr(&address).map(drop)
}
