//! Moves the granted folder away, to put another in its place.

use std::io;

use super::Targets;
use super::means::rename;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    rename(&to.writable, &to.writable.with_extension("was"))
}
