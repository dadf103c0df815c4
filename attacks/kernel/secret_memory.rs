//! Gets memory as a file that not even the kernel maps.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_memfd_secret, &[0])
}
