//! Opens the disk below all file systems.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::open;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    open(Path::new("/dev/vda"))
}
