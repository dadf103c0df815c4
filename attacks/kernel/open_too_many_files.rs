//! Opens more files than it may.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::open_again;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    open_again(Path::new("/dev/null"), 64)
}
