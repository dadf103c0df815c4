//! Makes a file that may only be read writable, by a descriptor of it.

use std::io;

use super::Targets;
use super::means::change_mode_by_descriptor;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    change_mode_by_descriptor(&to.readable)
}
