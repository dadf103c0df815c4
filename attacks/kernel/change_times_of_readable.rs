//! Changes the times of a file that may only be read.

use std::io;

use super::Targets;
use super::means::change_times;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    change_times(&to.readable)
}
