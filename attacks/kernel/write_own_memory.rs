//! Opens its own memory as a file, past the protection of its pages.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    write(Path::new("/proc/self/mem"))
}
