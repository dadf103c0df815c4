//! Fills `/tmp` beyond its size.

use std::io;
use std::path::Path;

use super::Targets;
use super::means::write_mebibyte;

pub(super) fn attack(_: &Targets) -> io::Result<()> {
    (0..16).try_for_each(|number| write_mebibyte(&Path::new("/tmp").join(number.to_string())))
}
