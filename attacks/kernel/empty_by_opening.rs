//! Empties a file that may only be read, by opening it for reading.

use std::io;

use super::Targets;
use super::means::empty_by_opening;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    empty_by_opening(&to.readable)
}
