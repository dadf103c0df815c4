//! Empties a file that may only be read.

use std::io;

use super::Targets;
use super::means::truncate;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    truncate(&to.readable)
}
