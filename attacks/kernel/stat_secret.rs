//! Learns that a file that was not granted exists, and how large it is.

use std::io;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    std::fs::metadata(&to.file).map(drop)
}
