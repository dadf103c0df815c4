//! Changes the kernel's behaviour for itself, such as where memory lies.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_personality, &[0x0400_0000])
}
