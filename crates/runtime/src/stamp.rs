//! What changes when a file is written.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Device, inode, size, and the time of the last change in seconds and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp(u64, u64, u64, i64, i64);

impl FileStamp {
    /// Of the file at `path`, links followed; nothing if it cannot be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = fs_err::metadata(path).ok()?;
        Some(Self(
            found.dev(),
            found.ino(),
            found.size(),
            found.mtime(),
            found.mtime_nsec(),
        ))
    }
}
