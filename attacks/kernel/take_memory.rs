//! Takes more memory than it may.

use std::io;

use super::Targets;
use super::means::take_memory;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    take_memory(128)
}
