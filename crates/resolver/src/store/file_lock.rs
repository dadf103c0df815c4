//! Locks between processes: a file that exists as long as somebody holds or wants it.

use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::OFlags;

use crate::ResolverError;

/// An exclusive lock, released when dropped or when the process dies.
///
/// The holder removes the file before it lets go. Whoever then gets a lock on the removed file
/// notices that it has no name any more and starts over, so that there are never two holders and
/// no files are left behind.
#[derive(Debug)]
pub(crate) struct FileLock {
    path: PathBuf,
    // Held for its lock, which ends when it is closed.
    _file: fs_err::File,
}

impl FileLock {
    /// Waits up to `patience` for the lock.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> Result<Self, ResolverError> {
        const LONGEST_PAUSE: Duration = Duration::from_millis(100);
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(lock) = Self::try_acquire(path)? {
                return Ok(lock);
            }
            if start.elapsed() >= patience {
                return Err(ResolverError::Busy {
                    path: path.to_owned(),
                    waited: start.elapsed(),
                });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Takes the lock if nobody holds it.
    pub(crate) fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = fs_err::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                // Beside a lock file anybody may have put a link to anything.
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(path)?;
            match file.file().try_lock() {
                Ok(()) if file.metadata()?.nlink() == 0 => {}
                Ok(()) => {
                    return Ok(Some(Self {
                        path: path.to_owned(),
                        _file: file,
                    }));
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // If this fails, an empty file stays, which harms nobody.
        let _ = fs_err::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn one_holds_it_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (inside, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let _lock = FileLock::acquire(&path, Duration::from_secs(60)).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        turns.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(turns.into_inner(), 160);
        assert!(!path.exists());
    }

    #[test]
    fn patience_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let _held = FileLock::try_acquire(&path).unwrap().unwrap();
        let error = FileLock::acquire(&path, Duration::ZERO).unwrap_err();
        assert!(matches!(error, ResolverError::Busy { .. }), "{error}");
    }
}
