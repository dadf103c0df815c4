//! Replaces a file that may only be read.

use std::io;

use super::Targets;
use super::means::write;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    write(&to.readable)
}
