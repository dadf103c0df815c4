//! Work in progress, and what is left of it when a process dies.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use tempfile::TempDir;

use super::FileLock;
use crate::ResolverError;

/// A folder for work in progress, removed when dropped.
///
/// A lock in it tells that its process is alive: the lock ends with the process, the folder does
/// not, and the next installation sweeps it away.
#[derive(Debug)]
pub(crate) struct Staging {
    // Dropped in this order: the folder is gone before anybody else can take its lock.
    folder: TempDir,
    _owner: FileLock,
    used: AtomicUsize,
}

const OWNER: &str = "owner";

/// How old something without a lock must be before it is taken for a leftover: its owner is between
/// making and locking it, or writes a single file.
const YOUNG: Duration = Duration::from_secs(60 * 60);

impl Staging {
    pub(super) fn new(temporary: &Path) -> Result<Self, ResolverError> {
        fs_err::create_dir_all(temporary)?;
        sweep(temporary);
        loop {
            let folder =
                TempDir::new_in(temporary).map_err(ResolverError::storage_at(temporary))?;
            match FileLock::try_acquire(&folder.path().join(OWNER)) {
                Ok(Some(owner)) => {
                    return Ok(Self {
                        folder,
                        _owner: owner,
                        used: AtomicUsize::new(0),
                    });
                }
                // Somebody sweeps it away at this very moment.
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A path in the folder that nothing has been put at.
    pub(crate) fn unused_path(&self) -> PathBuf {
        let number = self.used.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("{number}"))
    }
}

/// Removes what dead processes left. What cannot be removed now is tried again next time.
fn sweep(temporary: &Path) {
    let Ok(entries) = fs_err::read_dir(temporary) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let owner = path.join(OWNER);
        let removed = if owner.exists() {
            match FileLock::try_acquire(&owner) {
                Ok(Some(_dead)) => fs_err::remove_dir_all(&path),
                Ok(None) | Err(_) => continue,
            }
        } else if !is_old(&path) {
            continue;
        } else if path.is_dir() {
            fs_err::remove_dir_all(&path)
        } else {
            fs_err::remove_file(&path)
        };
        match removed {
            Ok(()) => tracing::debug!(path = %path.display(), "swept a leftover away"),
            Err(error) => tracing::debug!(%error, "a leftover stays"),
        }
    }
}

fn is_old(path: &Path) -> bool {
    let modified = fs_err::symlink_metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| {
        SystemTime::now()
            .duration_since(time)
            .is_ok_and(|age| age > YOUNG)
    })
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;

    use super::*;

    #[test]
    fn leftovers_go_and_work_in_progress_stays() {
        let root = tempfile::tempdir().unwrap();
        let dead = root.path().join("dead");
        fs_err::create_dir_all(dead.join("half")).unwrap();
        fs_err::write(dead.join(OWNER), "").unwrap();
        let starting = root.path().join("starting");
        fs_err::create_dir(&starting).unwrap();
        let draft = root.path().join("draft");
        fs_err::write(&draft, "").unwrap();
        let old_draft = root.path().join("old-draft");
        let old = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        fs_err::File::create(&old_draft)
            .unwrap()
            .set_times(old)
            .unwrap();

        let alive = Staging::new(root.path()).unwrap();
        let work = alive.unused_path();
        fs_err::write(&work, "half a package").unwrap();
        assert_ne!(alive.unused_path(), work);
        let other = Staging::new(root.path()).unwrap();
        assert!(work.exists());
        assert!(!dead.exists() && !old_draft.exists());
        assert!(starting.exists() && draft.exists());
        drop((alive, other));
        assert!(!work.exists());
    }
}
