//! The files of a skill folder: what is there, in a fixed order, within bounds.
//!
//! Everything in the folder counts, `node_modules` included, because everything in it can be loaded
//! by the skill. Only `.git` directly in the folder does not: it changes without the skill changing.

mod content;
mod links;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use mycelium_types::Digest;
use mycelium_types::DigestBuilder;

use crate::Bound;
use crate::LoadError;

pub(crate) use content::Part;
pub(crate) use content::content_digest;
pub(crate) use content::read_file;

/// The most files, links and folders in one skill folder.
pub(crate) const MAX_ENTRIES: usize = 20_000;
/// The most bytes in all files of one skill folder.
pub(crate) const MAX_BYTES: u64 = 512 << 20;
/// The most folders inside one another.
pub(crate) const MAX_DEPTH: usize = 64;
/// The entry of the skill folder that is not part of the skill.
pub(crate) const UNCOUNTED: &str = ".git";

/// Files that changed later than this before they were looked at may change again without a new
/// time stamp: the coarsest file systems count in steps of two seconds.
const SETTLING: Duration = Duration::from_secs(2);

/// What a skill folder holds, sorted by the bytes of the relative path.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    entries: Vec<Entry>,
    listed: SystemTime,
}

/// One file, link or folder.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The path below the root.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) kind: EntryKind,
    stamp: Stamp,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A folder.
    Folder,
    /// A regular file.
    File {
        /// Its size in bytes.
        size: u64,
        /// Whether its owner may run it.
        executable: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it points, as written.
        target: PathBuf,
    },
}

/// What the file system changes when an entry changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    mode: u32,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Tree {
    /// Lists the folder `root`, which must be absolute and without links.
    ///
    /// Fails if something in it is neither file, folder nor link, if a link leaves it, or if it holds
    /// more than the bounds allow.
    pub(crate) fn list(root: &Path) -> Result<Self, LoadError> {
        let listed = SystemTime::now();
        let mut entries = Vec::new();
        let mut bytes = 0_u64;
        let mut pending = vec![(PathBuf::new(), 0)];
        while let Some((folder, depth)) = pending.pop() {
            let too_large = |bound| LoadError::TooLarge {
                folder: root.to_owned(),
                bound,
            };
            let unreadable = |source| LoadError::Unreadable {
                path: root.join(&folder),
                source,
            };
            if depth > MAX_DEPTH {
                return Err(too_large(Bound::Depth));
            }
            for found in fs_err::read_dir(root.join(&folder)).map_err(unreadable)? {
                let found = found.map_err(unreadable)?;
                if depth == 0 && found.file_name() == UNCOUNTED {
                    continue;
                }
                let path = folder.join(found.file_name());
                // Of the entry itself: a link is not followed.
                let metadata = found.metadata().map_err(unreadable)?;
                let kind = if metadata.is_dir() {
                    pending.push((path.clone(), depth + 1));
                    EntryKind::Folder
                } else if metadata.is_file() {
                    bytes = bytes.saturating_add(metadata.len());
                    EntryKind::File {
                        size: metadata.len(),
                        executable: metadata.mode() & 0o100 != 0,
                    }
                } else if metadata.is_symlink() {
                    EntryKind::Link {
                        target: fs_err::read_link(found.path()).map_err(unreadable)?,
                    }
                } else {
                    return Err(LoadError::SpecialFile {
                        folder: root.to_owned(),
                        path,
                    });
                };
                entries.push(Entry {
                    path,
                    kind,
                    stamp: Stamp::of(&metadata),
                });
                if entries.len() > MAX_ENTRIES {
                    return Err(too_large(Bound::Entries));
                }
                if bytes > MAX_BYTES {
                    return Err(too_large(Bound::Bytes));
                }
            }
        }
        entries.sort_unstable_by(|a, b| key(&a.path).cmp(key(&b.path)));
        let tree = Self {
            root: root.to_owned(),
            entries,
            listed,
        };
        tree.check_links()?;
        Ok(tree)
    }

    /// The entry at `path` below the root, no link followed.
    pub(crate) fn entry(&self, path: &Path) -> Option<&Entry> {
        self.entries
            .binary_search_by(|entry| key(&entry.path).cmp(key(path)))
            .ok()
            .map(|index| &self.entries[index])
    }

    /// Everything below the root.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Path, &EntryKind)> {
        let entries = self.entries.iter();
        entries.map(|entry| (entry.path.as_path(), &entry.kind))
    }

    /// The regular files below the root, and whether their owners may run them.
    pub(crate) fn files(&self) -> impl Iterator<Item = (PathBuf, bool)> {
        self.entries.iter().filter_map(|entry| match entry.kind {
            EntryKind::File { executable, .. } => Some((entry.path.clone(), executable)),
            EntryKind::Folder | EntryKind::Link { .. } => None,
        })
    }

    /// A digest that changes whenever the content does, made without reading any: from the paths,
    /// sizes, modes, inodes and times of all entries.
    pub(crate) fn fingerprint(&self) -> Digest {
        let parts = self.entries.iter().fold(DigestBuilder::new(), |parts, e| {
            parts.part(key(&e.path)).part(&e.stamp.bytes())
        });
        parts.finish()
    }

    /// Whether an equal fingerprint later proves equal content: nothing changed so shortly before the
    /// listing that another change could carry the same time.
    pub(crate) fn is_settled(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.all(|entry| entry.stamp.is_settled_at(self.listed))
    }
}

impl Stamp {
    /// Whether an equal stamp later proves an equal entry, if it was looked at not before `time`.
    pub(crate) fn is_settled_at(&self, time: SystemTime) -> bool {
        let Ok(since) = time.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        let latest = since.saturating_sub(SETTLING);
        self.changed < (latest.as_secs() as i64, i64::from(latest.subsec_nanos()))
    }

    pub(crate) fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            // A folder's size and times change with entries that come and go, which the listing shows
            // anyway, and with `.git`, which does not count.
            size: if metadata.is_dir() {
                0
            } else {
                metadata.size()
            },
            mode: metadata.mode(),
            modified: if metadata.is_dir() {
                (0, 0)
            } else {
                (metadata.mtime(), metadata.mtime_nsec())
            },
            changed: if metadata.is_dir() {
                (0, 0)
            } else {
                (metadata.ctime(), metadata.ctime_nsec())
            },
        }
    }

    fn bytes(&self) -> [u8; 60] {
        let mut bytes = [0; 60];
        let numbers = [
            self.device,
            self.inode,
            self.size,
            self.modified.0 as u64,
            self.modified.1 as u64,
            self.changed.0 as u64,
            self.changed.1 as u64,
        ];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes[56..].copy_from_slice(&self.mode.to_le_bytes());
        bytes
    }
}

/// What entries are sorted by.
fn key(path: &Path) -> &[u8] {
    OsStr::as_bytes(path.as_os_str())
}
