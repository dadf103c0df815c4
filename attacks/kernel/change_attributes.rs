//! Sets an extended attribute of a file that was not granted.

use std::io;

use super::Targets;
use super::means::set_attribute;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    set_attribute(&to.file)
}
