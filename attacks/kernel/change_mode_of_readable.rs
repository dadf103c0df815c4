//! Makes a file that may only be read writable.

use std::io;

use super::Targets;
use super::means::change_mode;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    change_mode(&to.readable)
}
