//! Gives a file that was not granted a second name in a granted folder.

use std::io;

use super::Targets;
use super::means::link;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    link(&to.file, &to.writable.join("l"))
}
