//! Makes a system call of another instruction set, whose numbers mean other calls.

use std::io;

use super::Targets;
use super::means::foreign_call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    foreign_call();
    Ok(())
}
