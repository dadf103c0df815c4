//! Moves a file that may only be read into a folder that may be changed.

use std::io;

use super::Targets;
use super::means::rename;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    rename(&to.readable, &to.writable.join("r"))
}
