//! Makes a file in the person's home folder, such as one that the shell runs.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    write(Path::new("/root/.profile"))
}
