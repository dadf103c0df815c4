//! Reads a setting of the kernel.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::open;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    open(Path::new("/proc/sys/kernel/hostname"))
}
