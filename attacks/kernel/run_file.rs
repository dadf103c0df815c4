//! Runs a file as a program.

use std::io;

use super::Targets;
use super::means::run;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    run(&to.readable)
}
