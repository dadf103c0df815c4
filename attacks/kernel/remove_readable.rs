//! Removes a file that may only be read.

use std::io;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    std::fs::remove_file(&to.readable)
}
