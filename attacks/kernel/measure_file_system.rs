//! Asks for the size of the file system of a file that was not granted.

use std::io;

use super::Targets;
use super::means::measure_file_system;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    measure_file_system(&to.file)
}
