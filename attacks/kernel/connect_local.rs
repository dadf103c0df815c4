//! Connects to a local server by its file, as to that of a service.

use std::io;
use std::os::unix::net::UnixStream;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    UnixStream::connect(to.file.with_file_name("service")).map(drop)
}
