//! Starts a process by the call whose flags no filter can read.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_clone3, &[0, 0])
}
