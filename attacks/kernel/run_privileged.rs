//! Runs a program that makes its user root.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::run;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    run(Path::new("/usr/bin/su"))
}
