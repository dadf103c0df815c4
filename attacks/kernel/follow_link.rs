//! Reads a file that was not granted through a link of its own in a granted folder.

use std::io;

use super::Targets;
use super::means::open;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    let link = to.writable.join("way-out");
    std::os::unix::fs::symlink(&to.file, &link)?;
    let outcome = open(&link);
    std::fs::remove_file(&link)?;
    outcome
}
