//! Changes the mode of a device that all share.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::change_mode;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    change_mode(Path::new("/dev/null"))
}
