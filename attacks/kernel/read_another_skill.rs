//! Reads another skill's code.

use std::io;

use super::Targets;
use super::means::open;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    open(&to.file.with_file_name("skills/other/index.js"))
}
