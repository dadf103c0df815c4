//! What the file system changes when the files that say what a skill is change.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use std::time::SystemTime;

use mycelium_types::Digest;
use mycelium_types::DigestBuilder;

/// Files modified later than this before they were read may change again without a new time stamp: the
/// coarsest file systems count in steps of two seconds.
const SETTLING: Duration = Duration::from_secs(2);

/// Device, inode, size, mode, and the times of the last modification and change of some files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    digest: Digest,
    modified: (i64, i64),
}

impl Stamp {
    /// Of files that are always asked for in one order; one may be missing.
    pub(crate) fn of<'m>(files: impl IntoIterator<Item = Option<&'m Metadata>>) -> Self {
        let mut modified = (0, 0);
        let mut digest = DigestBuilder::new();
        for file in files {
            let Some(file) = file else {
                digest = digest.part(&[]);
                continue;
            };
            modified = modified.max((file.mtime(), file.mtime_nsec()));
            let numbers = [
                file.dev(),
                file.ino(),
                file.size(),
                u64::from(file.mode()),
                file.mtime() as u64,
                file.mtime_nsec() as u64,
                file.ctime() as u64,
                file.ctime_nsec() as u64,
            ];
            let bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
            digest = digest.part(&bytes);
        }
        Self {
            digest: digest.finish(),
            modified,
        }
    }

    /// Whether an equal stamp later proves equal files, if they were read at `time`.
    pub(crate) fn is_settled_at(&self, time: SystemTime) -> bool {
        let Ok(since) = time.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        let latest = since.saturating_sub(SETTLING);
        self.modified < (latest.as_secs() as i64, i64::from(latest.subsec_nanos()))
    }

    /// The stamp as the index keeps it. Another version of this program may read the same files
    /// differently, so its stamps are different ones.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.digest.as_bytes().to_vec();
        bytes.extend(env!("CARGO_PKG_VERSION").bytes());
        bytes
    }
}
