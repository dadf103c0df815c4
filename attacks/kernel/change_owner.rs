//! Gives a file that was not granted to itself.

use std::io;
use std::os::unix::fs::chown;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    // SAFETY: geteuid(2) has no preconditions.
    let own = unsafe { libc::geteuid() };
    chown(&to.file, Some(own), None)
}
