//! Empties a file that was not granted.

use std::io;

use super::Targets;
use super::means::truncate;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    truncate(&to.file)
}
