//! Read-only folders that this program puts skills into, each with the content it must have.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Digest;

use crate::LoadError;
use crate::tree::EntryKind;
use crate::tree::Tree;

/// A folder of such folders.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// Puts them below `folder`, which is made when it is needed.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder `name`, which has exactly the content of the digest `expected`: as it is, or after `fill` wrote it
    /// into the new folder that it is given.
    pub(crate) fn place(
        &self,
        name: &str,
        expected: Digest,
        fill: impl FnOnce(&Path) -> Result<(), LoadError>,
    ) -> Result<PathBuf, LoadError> {
        let place = self.folder.join(name);
        if holds(&place, expected) {
            return Ok(place);
        }
        let new = self.new_folder().map_err(|error| self.failed(error))?;
        fill(new.path())?;
        self.put(new, &place, expected)
            .map_err(|error| self.failed(error))?;
        Ok(place)
    }

    fn failed(&self, source: io::Error) -> LoadError {
        LoadError::Cache {
            folder: self.folder.clone(),
            source,
        }
    }

    fn new_folder(&self) -> io::Result<tempfile::TempDir> {
        fs_err::create_dir_all(&self.folder)?;
        tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.folder)
    }

    /// Moves what was written beside the place there in one step, so that no other process ever sees half of it.
    fn put(&self, new: tempfile::TempDir, place: &Path, expected: Digest) -> io::Result<()> {
        set_mode_of_folders(new.path(), 0o555)?;
        match fs_err::rename(new.path(), place) {
            Ok(()) => {}
            Err(error) => {
                // So that what is not needed can be removed.
                set_mode_of_folders(new.path(), 0o700)?;
                if holds(place, expected) {
                    // Another process was faster.
                    return Ok(());
                }
                if fs_err::symlink_metadata(place).is_err() {
                    return Err(error);
                }
                // What is there was changed by somebody: it goes, by the same step.
                let old = tempfile::Builder::new()
                    .prefix(".old-")
                    .tempdir_in(&self.folder)?;
                fs_err::set_permissions(place, PermissionsExt::from_mode(0o700))?;
                let removed = old.path().join("skill");
                fs_err::rename(place, &removed)?;
                set_mode_of_folders(new.path(), 0o555)?;
                fs_err::rename(new.path(), place)?;
                // If it cannot be opened up, or is gone, then removing says so or need not.
                let _ = set_mode_of_folders(&removed, 0o700);
            }
        }
        fs_err::set_permissions(place, PermissionsExt::from_mode(0o555))
    }
}

/// Sets the mode of all folders below `root`, which itself must stay writable to be moved.
fn set_mode_of_folders(root: &Path, mode: u32) -> io::Result<()> {
    let tree = Tree::list(root).map_err(io::Error::other)?;
    for (path, kind) in tree.entries() {
        match kind {
            EntryKind::Folder => {
                fs_err::set_permissions(root.join(path), PermissionsExt::from_mode(mode))?;
            }
            EntryKind::File { .. } | EntryKind::Link { .. } => {}
        }
    }
    Ok(())
}

/// Whether the folder has exactly the content of that digest.
pub(crate) fn holds(place: &Path, expected: Digest) -> bool {
    Tree::list(place)
        .and_then(|tree| tree.digest())
        .is_ok_and(|digest| digest == expected)
}
