//! Asks whether a file that was not granted may be read.

use std::io;

use super::Targets;
use super::means::file_call;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    file_call(libc::SYS_faccessat, &to.file, 0)
}
