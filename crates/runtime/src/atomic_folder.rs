//! Folders that are either the old or the new one, never half of one.

use std::io;
use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;

use rustix::fs::CWD;
use rustix::fs::RenameFlags;
use rustix::fs::renameat_with;
use rustix::io::Errno;
use tempfile::TempDir;

/// How the names of drafts begin.
const PREFIX: &str = "new-";
/// Nobody works at a draft for so long: whoever did was ended.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A folder that is being made. It is removed unless it is put into its place.
#[derive(Debug)]
pub(crate) struct FolderDraft(TempDir);

impl FolderDraft {
    /// Begins one in `workshop`, which is in the file system of the place where it is to be, and clears away what others
    /// abandoned there.
    pub(crate) fn begin(workshop: &Path) -> io::Result<Self> {
        fs_err::create_dir_all(workshop)?;
        clear_abandoned(workshop)?;
        let draft = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(workshop)?;
        Ok(Self(draft))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts it into the place of what is at `target`, if anything is, in one step. What was there is removed.
    pub(crate) fn put(self, target: &Path) -> io::Result<()> {
        if let Some(folder) = target.parent() {
            fs_err::create_dir_all(folder)?;
        }
        match renameat_with(CWD, self.path(), CWD, target, RenameFlags::EXCHANGE) {
            // The draft is what was there, and goes.
            Ok(()) => Ok(()),
            Err(Errno::NOENT) => fs_err::rename(self.path(), target),
            Err(error) => Err(error.into()),
        }
    }
}

fn clear_abandoned(workshop: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for entry in fs_err::read_dir(workshop)? {
        let entry = entry?;
        let is_draft = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let changed = entry.metadata().and_then(|data| data.modified());
        let age = changed.map(|at| now.duration_since(at).unwrap_or_default());
        if is_draft && age.is_ok_and(|age| age > ABANDONED) {
            // Somebody else may do the same.
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(world: &Path, text: &str) -> FolderDraft {
        let draft = FolderDraft::begin(&world.join("workshop")).unwrap();
        fs_err::write(draft.path().join("file"), text).unwrap();
        draft
    }

    #[test]
    fn a_draft_takes_the_place_of_what_is_there_and_leaves_nothing_else() {
        let world = tempfile::tempdir().unwrap();
        let target = world.path().join("deep/target");
        for text in ["one", "two"] {
            draft(world.path(), text).put(&target).unwrap();
            assert_eq!(fs_err::read_to_string(target.join("file")).unwrap(), text);
        }
        drop(draft(world.path(), "three"));
        assert_eq!(fs_err::read_to_string(target.join("file")).unwrap(), "two");
        let left = fs_err::read_dir(world.path().join("workshop")).unwrap();
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn what_was_abandoned_is_cleared_away_and_nothing_else() {
        let world = tempfile::tempdir().unwrap();
        let workshop = world.path().join("workshop");
        let long_ago = SystemTime::now() - ABANDONED * 2;
        for name in ["new-old", "new-young", "other"] {
            fs_err::create_dir_all(workshop.join(name).join("within")).unwrap();
        }
        for name in ["new-old", "other"] {
            let folder = fs_err::File::open(workshop.join(name)).unwrap();
            folder.file().set_modified(long_ago).unwrap();
        }
        draft(world.path(), "one")
            .put(&world.path().join("target"))
            .unwrap();
        let there = |name: &str| workshop.join(name).exists();
        assert!(!there("new-old") && there("new-young") && there("other"));
    }

    #[test]
    fn what_is_there_stays_if_the_draft_cannot_take_its_place() {
        let world = tempfile::tempdir().unwrap();
        let target = world.path().join("target");
        draft(world.path(), "one").put(&target).unwrap();
        let lost = draft(world.path(), "two");
        fs_err::remove_dir_all(lost.path()).unwrap();
        lost.put(&target).unwrap_err();
        assert_eq!(fs_err::read_to_string(target.join("file")).unwrap(), "one");
    }
}
