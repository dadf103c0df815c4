//! Reads its own environment from `/proc`, which may be the launcher's.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::open;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    open(Path::new("/proc/self/environ"))
}
