//! Reads the supervisor's command line.

use std::io;

use super::Targets;
use super::means::open;
use super::means::process;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open(&process(to, "cmdline"))
}
