//! The files of a skill for whoever passes it on.

use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Digest;

use crate::LoadError;
use crate::VerifiedSkill;
use crate::tree::EntryKind;
use crate::tree::Tree;
use crate::tree::read_file;

/// A file of a skill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillFile {
    /// The path below the skill's folder.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub digest: Digest,
}

impl VerifiedSkill {
    /// All files of the skill, as they are now, by path; a link to a file is one too. `None` if there are more than `most`,
    /// they have more than `bytes` together, or a name is not text.
    ///
    /// # Errors
    ///
    /// When a file cannot be read any more.
    pub fn files(&self, most: usize, bytes: u64) -> Result<Option<Vec<SkillFile>>, LoadError> {
        let tree = Tree::list(self.root())?;
        let mut files = Vec::new();
        let mut left = bytes;
        for (path, _) in tree.entries() {
            let Some(target) = file_at(&tree, path) else {
                continue;
            };
            let Some(path) = path.to_str().filter(|_| files.len() < most) else {
                return Ok(None);
            };
            let Some(content) = read_file(&self.root().join(target), left)? else {
                return Ok(None);
            };
            left -= content.len() as u64;
            files.push(SkillFile {
                path: path.to_owned(),
                size: content.len() as u64,
                digest: Digest::of(&content),
            });
        }
        Ok(Some(files))
    }

    /// The content of the file at `path` below the skill's folder; `None` if there is none or it has more than `most`
    /// bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be read any more.
    pub fn file(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, LoadError> {
        let tree = Tree::list(self.root())?;
        match file_at(&tree, Path::new(path)) {
            Some(target) => read_file(&self.root().join(target), most),
            None => Ok(None),
        }
    }
}

/// The regular file that the entry at `path` is or leads to.
fn file_at(tree: &Tree, path: &Path) -> Option<PathBuf> {
    let target = match &tree.entry(path)?.kind {
        EntryKind::Folder => return None,
        EntryKind::File { .. } => path.to_owned(),
        EntryKind::Link { target } => {
            let from = path.parent().unwrap_or(Path::new(""));
            tree.resolve(from, target).ok()?
        }
    };
    match tree.entry(&target)?.kind {
        EntryKind::File { .. } => Some(target),
        EntryKind::Folder | EntryKind::Link { .. } => None,
    }
}
