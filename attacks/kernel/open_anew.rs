//! Opens a file that was not granted by the newer call.

use std::io;

use super::Targets;
use super::means::open_anew;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open_anew(&to.file)
}
