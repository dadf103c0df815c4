//! Makes a folder in the root folder.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    std::fs::create_dir("/new")
}
