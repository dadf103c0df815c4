//! Makes pages that it has written executable.

use std::io;

use super::Targets;
use super::means::make_executable;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    make_executable()
}
