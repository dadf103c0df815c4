//! Connects to a local server whose file is in a granted folder.

use std::io;
use std::os::unix::net::UnixStream;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    UnixStream::connect(to.writable.join("service")).map(drop)
}
