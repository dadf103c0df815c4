//! Descriptions that were read lately.
//!
//! Reading one means indexing all its versions, which takes longer than choosing among them. What is
//! remembered counts only as long as its file is the same, so that processes see each other's.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::SystemTime;

use super::Description;

/// The most versions of packages remembered: some ten megabytes, and the trees of several skills.
const MAX_VERSIONS: usize = 12_000;

/// The descriptions that were read lately, shared by all installations of a resolver.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    entries: HashMap<PathBuf, Entry>,
    versions: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    known: Known,
    stamp: Stamp,
    last_used: u64,
}

/// A kept description.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) etag: Option<String>,
    pub(super) description: Description,
}

/// What tells one content of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) modified: SystemTime,
    size: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self {
            modified: metadata.modified()?,
            size: metadata.len(),
        })
    }
}

impl Memory {
    /// What was read from the file when it had this stamp.
    pub(super) fn recall(&self, path: &Path, stamp: Stamp) -> Option<Known> {
        let mut remembered = self.lock();
        remembered.clock += 1;
        let now = remembered.clock;
        let entry = remembered.entries.get_mut(path)?;
        entry.last_used = now;
        (entry.stamp == stamp).then(|| entry.known.clone())
    }

    /// Remembers what was read from a file, and forgets what was not used for longest.
    pub(super) fn remember(&self, path: PathBuf, stamp: Stamp, known: &Known) {
        let mut remembered = self.lock();
        remembered.forget(&path);
        let versions = known.description.versions.len();
        if versions > MAX_VERSIONS {
            return;
        }
        while remembered.versions + versions > MAX_VERSIONS {
            let entries = remembered.entries.iter();
            let oldest = entries.min_by_key(|(_, entry)| entry.last_used);
            let Some(oldest) = oldest.map(|(path, _)| path.clone()) else {
                break;
            };
            remembered.forget(&oldest);
        }
        remembered.clock += 1;
        remembered.versions += versions;
        let entry = Entry {
            known: known.clone(),
            stamp,
            last_used: remembered.clock,
        };
        remembered.entries.insert(path, entry);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn forget(&mut self, path: &Path) {
        if let Some(entry) = self.entries.remove(path) {
            self.versions -= entry.known.description.versions.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use deno_npm::registry::NpmPackageInfo;
    use deno_npm::registry::NpmPackageVersionInfo;

    use super::*;

    fn known(versions: usize) -> Known {
        let mut info = NpmPackageInfo::default();
        for number in 0..versions {
            let version = format!("1.0.{number}");
            let version = deno_semver::Version::parse_from_npm(&version).unwrap();
            info.versions
                .insert(version, NpmPackageVersionInfo::default());
        }
        Known {
            etag: None,
            description: Arc::new(info),
        }
    }

    #[test]
    fn what_changed_is_not_recalled() {
        let memory = Memory::default();
        let path = Path::new("a");
        let stamp = Stamp {
            modified: SystemTime::UNIX_EPOCH,
            size: 1,
        };
        memory.remember(path.to_owned(), stamp, &known(1));
        assert!(memory.recall(path, stamp).is_some());
        let later = Stamp {
            modified: SystemTime::UNIX_EPOCH + Duration::from_nanos(1),
            ..stamp
        };
        assert!(memory.recall(path, later).is_none());
        memory.remember(path.to_owned(), later, &known(1));
        assert!(memory.recall(path, later).is_some());
        assert_eq!(memory.lock().versions, 1);
    }

    #[test]
    fn what_was_not_used_is_forgotten_first() {
        let memory = Memory::default();
        let stamp = Stamp {
            modified: SystemTime::UNIX_EPOCH,
            size: 1,
        };
        let third = known(MAX_VERSIONS / 3);
        for name in ["a", "b", "c"] {
            memory.remember(name.into(), stamp, &third);
        }
        assert!(memory.recall(Path::new("a"), stamp).is_some());
        memory.remember("d".into(), stamp, &third);
        let kept = ["a", "b", "c", "d"].map(|n| memory.recall(Path::new(n), stamp).is_some());
        assert_eq!(kept, [true, false, true, true]);
        memory.remember("e".into(), stamp, &known(MAX_VERSIONS + 1));
        assert!(memory.recall(Path::new("e"), stamp).is_none());
        assert!(memory.lock().versions <= MAX_VERSIONS);
    }
}
