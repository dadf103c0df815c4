//! Reads a file that was not granted by going up from a granted folder.

use std::io;

use super::Targets;
use super::means::open;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open(&to.writable.join("../../ws/secret"))
}
