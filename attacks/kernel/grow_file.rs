//! Makes a file larger than it may be.

use std::io;

use super::Targets;
use super::means::fill;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    fill(&to.writable.join("large"), 16)
}
