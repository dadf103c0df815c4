//! Opens a file that was not granted as a name only, which asks for no right to it.

use std::io;

use super::Targets;
use super::means::open_name;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open_name(&to.file)
}
