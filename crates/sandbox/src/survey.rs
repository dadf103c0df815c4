//! What protected names there are below a folder, and which appear later.
//!
//! The kernel has no rule about names: who may make files in a folder may call them anything. What
//! exists is kept read-only by a mount of its own; what is made all the same is found here afterwards,
//! by looking again at the folders that have changed.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::Stat;
use rustix::fs::fstat;
use rustix::fs::openat2;
use rustix::fs::statat;
use rustix::io::Errno;

/// The most entries looked at below one folder, and the deepest: some tenths of a second.
const MAX_ENTRIES: usize = 100_000;
const MAX_DEPTH: usize = 64;

/// The coarsest clock that a kernel stamps changes with, and some more: a change that shortly after the
/// last look may have the same stamp.
const CLOCK_GRAIN: Duration = Duration::from_millis(50);

/// The names found below a folder, and how the folders were then.
#[derive(Debug)]
pub struct Survey {
    root: PathBuf,
    is_wanted: fn(&OsStr) -> bool,
    known: HashSet<Identity>,
    sealable: Vec<PathBuf>,
    folders: HashMap<PathBuf, Stamp>,
    entries: usize,
}

/// There is more below a folder than is looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_ENTRIES} entries, or deeper than {MAX_DEPTH} folders")]
pub struct TooMuch;

/// What tells a file from another one in its place. The number alone does for what a mount keeps from
/// being removed; other things could be replaced by one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    number: u64,
    changed: Option<(i64, u64)>,
}

/// How a folder was when it was last listed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stamp {
    number: u64,
    changed: (i64, u64),
    /// Whether a later change is sure to have another stamp.
    settled: bool,
}

impl Survey {
    /// Looks through everything below `root`, which need not exist, for names that are wanted. Links are
    /// not followed, and nothing below a wanted name is looked at.
    ///
    /// # Errors
    /// When there is too much.
    pub fn new(root: &Path, is_wanted: fn(&OsStr) -> bool) -> Result<Self, TooMuch> {
        let mut survey = Self {
            root: root.to_owned(),
            is_wanted,
            known: HashSet::new(),
            sealable: Vec::new(),
            folders: HashMap::new(),
            entries: 0,
        };
        survey.list(PathBuf::new(), &mut Vec::new())?;
        Ok(survey)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folders and files found at first: what a mount can keep as it is.
    #[must_use]
    pub fn sealable(&self) -> &[PathBuf] {
        &self.sealable
    }

    /// What is new since the last look: wanted names, and folders that cannot be looked into any more.
    ///
    /// # Errors
    /// When there is too much by now.
    pub fn appeared(&mut self) -> Result<Vec<PathBuf>, TooMuch> {
        let mut appeared = Vec::new();
        let now = |survey: &Self, folder: &Path| {
            let opened = survey.open(folder).ok()?;
            fstat(&opened).ok().map(|status| Stamp::of(&status))
        };
        let known: Vec<PathBuf> = self.folders.keys().cloned().collect();
        for folder in known {
            let before = self.folders.get(&folder).copied();
            match now(self, &folder) {
                Some(now) if before.is_some_and(|before| before.holds(&now)) => {}
                _ => self.list(folder, &mut appeared)?,
            }
        }
        if self.folders.is_empty() {
            self.list(PathBuf::new(), &mut appeared)?;
        }
        appeared.sort();
        appeared.dedup();
        Ok(appeared)
    }

    /// Lists a folder again, and below it those that are new.
    fn list(&mut self, folder: PathBuf, appeared: &mut Vec<PathBuf>) -> Result<(), TooMuch> {
        let mut waiting = vec![folder];
        while let Some(folder) = waiting.pop() {
            let first_look = self.folders.remove(&folder).is_none();
            let opened = match self.open(&folder) {
                Ok(opened) => opened,
                // It is gone, or is no folder any more.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => continue,
                Err(_) => {
                    appeared.push(self.root.join(&folder));
                    continue;
                }
            };
            if folder.iter().count() > MAX_DEPTH {
                return Err(TooMuch);
            }
            // Stamped before it is listed: what comes in between is seen next time at the latest.
            let Ok(stamp) = fstat(&opened).map(|status| Stamp::of(&status)) else {
                continue;
            };
            let Ok(entries) = Dir::read_from(&opened) else {
                appeared.push(self.root.join(&folder));
                continue;
            };
            self.folders.insert(folder.clone(), stamp);
            for entry in entries.flatten() {
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                if name == "." || name == ".." {
                    continue;
                }
                if first_look {
                    self.entries += 1;
                }
                if self.entries > MAX_ENTRIES || self.folders.len() > MAX_ENTRIES {
                    return Err(TooMuch);
                }
                let place = folder.join(name);
                if (self.is_wanted)(name) {
                    self.note(&opened, name, &place, appeared);
                } else if self.is_new_folder(&opened, name, entry.file_type(), &place) {
                    waiting.push(place);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, folder: &OwnedFd, name: &OsStr, place: &Path, appeared: &mut Vec<PathBuf>) {
        let Ok(status) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
            return;
        };
        let kind = FileType::from_raw_mode(status.st_mode);
        let stays = matches!(kind, FileType::Directory | FileType::RegularFile);
        let identity = Identity {
            device: status.st_dev,
            number: status.st_ino,
            changed: (!stays).then(|| changed(&status)),
        };
        if self.known.insert(identity) {
            let path = self.root.join(place);
            if stays {
                self.sealable.push(path.clone());
            }
            appeared.push(path);
        }
    }

    fn is_new_folder(&self, folder: &OwnedFd, name: &OsStr, told: FileType, place: &Path) -> bool {
        let kind = match told {
            FileType::Unknown => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |status| {
                    FileType::from_raw_mode(status.st_mode)
                }),
            known => known,
        };
        kind == FileType::Directory && !self.folders.contains_key(place)
    }

    /// Opens a folder below the root, unless a link is on the way.
    fn open(&self, folder: &Path) -> Result<OwnedFd, Errno> {
        openat2(
            CWD,
            self.root.join(folder),
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )
    }
}

impl Stamp {
    fn of(status: &Stat) -> Self {
        let changed = changed(status);
        let since_epoch = Duration::new(u64::try_from(changed.0).unwrap_or(0), 0)
            + Duration::from_nanos(changed.1);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            number: status.st_ino,
            changed,
            settled: since_epoch + CLOCK_GRAIN < now,
        }
    }

    /// Whether nothing has happened in the folder since.
    fn holds(&self, now: &Self) -> bool {
        self.settled && self.number == now.number && self.changed == now.changed
    }
}

/// When the file, its name or its attributes last changed; unlike the time of its content, nobody can
/// set it.
fn changed(status: &Stat) -> (i64, u64) {
    (status.st_ctime, status.st_ctime_nsec)
}

#[cfg(test)]
mod tests {
    use fs_err::create_dir_all;
    use fs_err::os::unix::fs::symlink;
    use fs_err::rename;
    use fs_err::write;

    use super::*;

    fn wanted(name: &OsStr) -> bool {
        name == ".git" || name == ".envrc"
    }

    struct Place {
        _folder: tempfile::TempDir,
        root: PathBuf,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap().join("out");
            Self {
                _folder: folder,
                root,
            }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.root.join(path)
        }
    }

    #[test]
    fn finds_what_is_there_and_what_appears_however_it_comes() {
        let place = Place::new();
        create_dir_all(place.at("a/b/.git/hooks")).unwrap();
        create_dir_all(place.at("c")).unwrap();
        write(place.at("c/.envrc"), "").unwrap();
        symlink("nowhere", place.at(".envrc")).unwrap();
        let mut survey = Survey::new(&place.root, wanted).unwrap();
        let mut sealable = survey.sealable().to_vec();
        sealable.sort();
        assert_eq!(sealable, [place.at("a/b/.git"), place.at("c/.envrc")]);
        assert_eq!(survey.appeared().unwrap(), [] as [PathBuf; 0]);

        // Moved along with the folder it is in, it is still the same.
        rename(place.at("a/b"), place.at("moved")).unwrap();
        write(place.at("c/.envrc"), "changed by its owner").unwrap();
        assert_eq!(survey.appeared().unwrap(), [] as [PathBuf; 0]);

        create_dir_all(place.at("new/deep/.git")).unwrap();
        create_dir_all(place.at("plain")).unwrap();
        rename(place.at("plain"), place.at("c/.git")).unwrap();
        symlink("/", place.at("moved/.envrc")).unwrap();
        fs_err::remove_file(place.at(".envrc")).unwrap();
        symlink("elsewhere", place.at(".envrc")).unwrap();
        assert_eq!(
            survey.appeared().unwrap(),
            [".envrc", "c/.git", "moved/.envrc", "new/deep/.git"].map(|path| place.at(path))
        );
        assert_eq!(survey.appeared().unwrap(), [] as [PathBuf; 0]);
    }

    #[test]
    fn a_folder_that_is_made_later_and_a_file_are_looked_at_too() {
        let place = Place::new();
        let mut survey = Survey::new(&place.root, wanted).unwrap();
        assert_eq!(survey.appeared().unwrap(), [] as [PathBuf; 0]);
        create_dir_all(place.at(".git")).unwrap();
        assert_eq!(survey.appeared().unwrap(), [place.at(".git")]);
        let file = place.root.with_file_name("file");
        write(&file, "").unwrap();
        let mut survey = Survey::new(&file, wanted).unwrap();
        assert!(survey.sealable().is_empty());
        assert_eq!(survey.appeared().unwrap(), [] as [PathBuf; 0]);
    }

    #[test]
    fn depth_is_bounded_and_links_are_not_followed() {
        let place = Place::new();
        create_dir_all(place.at(&"d/".repeat(MAX_DEPTH))).unwrap();
        symlink("..", place.at("up")).unwrap();
        assert!(Survey::new(&place.root, wanted).is_ok());
        create_dir_all(place.at(&"d/".repeat(MAX_DEPTH + 1))).unwrap();
        assert_eq!(Survey::new(&place.root, wanted).unwrap_err(), TooMuch);
    }
}
