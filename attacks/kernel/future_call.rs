//! Makes a system call that did not exist when the filter was written.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(999, &[])
}
