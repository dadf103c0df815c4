//! Puts a file into the folder for shared memory, which no limit counts.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    write(Path::new("/dev/shm/x"))
}
