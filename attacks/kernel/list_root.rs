//! Lists the root folder, which Landlock cannot allow by itself.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    std::fs::read_dir("/").map(drop)
}
