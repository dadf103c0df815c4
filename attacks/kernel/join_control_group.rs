//! Moves itself into another control group.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    write(Path::new("/sys/fs/cgroup/cgroup.procs"))
}
