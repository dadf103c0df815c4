//! Starts a thread.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    std::thread::Builder::new().spawn(|| ()).map(drop)
}
