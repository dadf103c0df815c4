//! Reads where a link that was not granted leads.

use std::io;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    std::fs::read_link(to.file.with_file_name("link")).map(drop)
}
