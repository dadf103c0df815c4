//! Gives a file that may only be read a second name where it could be changed.

use std::io;

use super::Targets;
use super::means::link;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    link(&to.readable, &to.writable.join("l"))
}
