//! Makes a mount namespace of its own.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_unshare, &[libc::CLONE_NEWNS.into()])
}
