//! Makes a file that was not granted writable for everybody.

use std::io;

use super::Targets;
use super::means::change_mode;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    change_mode(&to.file)
}
