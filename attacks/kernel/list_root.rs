//! Lists the root folder of the host.

use std::io;

use super::Targets;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    for entry in std::fs::read_dir("/")? {
        if entry?.file_name() == "usr" {
            return Ok(());
        }
    }
    Err(io::Error::from_raw_os_error(libc::ENOENT))
}
