//! Gets the right to answer for its own system calls.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    const LISTENER: libc::c_long = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as libc::c_long;
    call(
        libc::SYS_seccomp,
        &[libc::SECCOMP_SET_MODE_FILTER.into(), LISTENER],
    )
}
