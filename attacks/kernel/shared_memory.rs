//! Gets memory that it could share, which no limit of a process counts.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    let shared = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    call(
        libc::SYS_mmap,
        &[0, 4096, libc::PROT_READ.into(), shared.into(), -1],
    )
}
