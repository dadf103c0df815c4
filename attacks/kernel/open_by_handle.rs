//! Opens a file by its number instead of its name.

use std::io;

use super::Targets;
use super::means::call;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    call(libc::SYS_open_by_handle_at, &[])
}
