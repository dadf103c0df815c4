//! Reads a file that was not granted.

use std::io;

use super::Targets;
use super::means::open;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open(&to.file)
}
