//! Changes a setting of the kernel.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    write(Path::new("/proc/sys/kernel/core_pattern"))
}
