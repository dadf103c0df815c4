//! Makes a device in a folder that may be changed.

use std::io;

use super::Targets;
use super::means::make_device;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    make_device(&to.writable.join("d"))
}
