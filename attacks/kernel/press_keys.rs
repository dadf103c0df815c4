//! Asks the kernel to restart the machine by way of `/proc`.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    write(Path::new("/proc/sysrq-trigger"))
}
