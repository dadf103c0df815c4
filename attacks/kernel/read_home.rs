//! Reads a file of root's home folder.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::open;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    open(Path::new("/root/.bashrc"))
}
