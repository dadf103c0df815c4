//! Makes a user namespace, in which it would have all capabilities.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_unshare, &[libc::CLONE_NEWUSER.into()])
}
