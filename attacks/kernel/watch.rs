//! Watches a file that was not granted for changes.

use std::io;

use super::Targets;
use super::means::watch;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    watch(&to.file)
}
