//! Makes a folder that was not granted its working directory.

use std::io;

use super::Targets;

pub(super) fn attack(to: &Targets) -> io::Result<()> {
    std::env::set_current_dir(to.file.with_file_name("skills/other"))
}
