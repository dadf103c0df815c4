//! Looks for the kernel's keys.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    const GET_KEYRING_ID: libc::c_long = 0;
    const PROCESS_KEYRING: libc::c_long = -2;
    call(libc::SYS_keyctl, &[GET_KEYRING_ID, PROCESS_KEYRING, 1])
}
