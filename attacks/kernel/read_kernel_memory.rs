//! Opens the machine's memory as a file.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::open;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    open(Path::new("/dev/mem"))
}
