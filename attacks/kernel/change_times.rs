//! Changes the times of a file that was not granted.

use std::io;

use super::Targets;
use super::means::change_times;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    change_times(&to.file)
}
