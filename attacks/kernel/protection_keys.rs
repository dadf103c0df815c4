//! Changes pages' protection by a second call.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_pkey_mprotect, &[0, 4096, 4, 0])
}
