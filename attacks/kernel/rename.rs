//! Renames a file that was not granted.

use std::io;

use super::Targets;
use super::means::rename;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    rename(&to.file, &to.file.with_extension("r"))
}
