//! Changes the times of a file that may only be read, by a descriptor of it.

use std::io;

use super::Targets;
use super::means::change_times_by_descriptor;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    change_times_by_descriptor(&to.readable)
}
