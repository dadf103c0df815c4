//! What the file system changes when a file changes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use std::time::SystemTime;

/// Files modified later than this before they were read may change again without a new time stamp: the
/// coarsest file systems count in steps of two seconds.
const SETTLING: Duration = Duration::from_secs(2);

/// Device, inode, size, and the times of the last modification and change of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether an equal stamp later proves an equal file, if the file was read at `time`.
    pub(crate) fn is_settled_at(&self, time: SystemTime) -> bool {
        let Ok(since) = time.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        let latest = since.saturating_sub(SETTLING);
        self.modified < (latest.as_secs() as i64, i64::from(latest.subsec_nanos()))
    }

    /// The stamp as the index keeps it. Another version of this program may read the same manifest
    /// differently, so its stamps are different ones.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let numbers = [
            self.device,
            self.inode,
            self.size,
            self.modified.0 as u64,
            self.modified.1 as u64,
            self.changed.0 as u64,
            self.changed.1 as u64,
        ];
        let mut bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.extend(env!("CARGO_PKG_VERSION").bytes());
        bytes
    }
}
