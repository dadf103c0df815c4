//! What every archive's entries must be like, whatever its format: paths that stay inside, names that stay apart.

mod path;

use std::collections::HashMap;

pub use path::ArchivePath;

/// What is wrong with an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveProblem {
    /// An entry has an absolute path.
    AbsolutePath,
    /// An entry's path has `..` in it.
    ParentFolder,
    /// An entry's name is not text, or too long, or has characters that no file name should have.
    UnusableName,
    /// An entry is in too many folders.
    TooDeep,
    /// An entry is a symbolic or hard link.
    Link,
    /// An entry is a device, a pipe or something else that is not a plain file.
    SpecialFile,
    /// An entry's path differs from another one's in letter case only, or is a file's and a folder's.
    Collision,
    /// Two entries have one path.
    Duplicate,
    /// There are too many entries.
    TooMany {
        /// The most entries.
        limit: usize,
    },
    /// It unpacks to too many bytes.
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// It unpacks to too many times its own size.
    Bomb {
        /// How many times is the most.
        limit: u64,
    },
    /// An entry is encrypted.
    Encrypted,
    /// An entry is compressed in a way that is not read.
    Compression,
    /// It is made of several files, or has the records of archives above 4 GiB.
    Extended,
    /// It says one thing of an entry in one place and another in a second one.
    Contradiction,
    /// It holds bytes that belong to no entry.
    Surplus,
    /// It is not an archive, or damaged.
    Malformed,
}

impl ArchiveProblem {
    /// The word by which the catalogue's text is selected.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AbsolutePath => "absolute",
            Self::ParentFolder => "parent",
            Self::UnusableName => "name",
            Self::TooDeep => "too-deep",
            Self::Link => "link",
            Self::SpecialFile => "special",
            Self::Collision => "collision",
            Self::Duplicate => "duplicate",
            Self::TooMany { .. } => "too-many",
            Self::TooLarge { .. } => "too-large",
            Self::Bomb { .. } => "bomb",
            Self::Encrypted => "encrypted",
            Self::Compression => "compression",
            Self::Extended => "extended",
            Self::Contradiction => "contradiction",
            Self::Surplus => "surplus",
            Self::Malformed => "malformed",
        }
    }

    /// The bound that was exceeded; 0 if it was none.
    #[must_use]
    pub fn limit(self) -> u64 {
        match self {
            Self::TooMany { limit } => limit as u64,
            Self::TooLarge { limit } | Self::Bomb { limit } => limit,
            Self::AbsolutePath
            | Self::ParentFolder
            | Self::UnusableName
            | Self::TooDeep
            | Self::Link
            | Self::SpecialFile
            | Self::Collision
            | Self::Duplicate
            | Self::Encrypted
            | Self::Compression
            | Self::Extended
            | Self::Contradiction
            | Self::Surplus
            | Self::Malformed => 0,
        }
    }
}

/// What a path in an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveEntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// The paths of an archive so far, to find those that are one on a file system that ignores letter case.
#[derive(Debug)]
pub struct ArchiveNames {
    by_folded: HashMap<String, (String, ArchiveEntryKind)>,
    most: usize,
}

impl ArchiveNames {
    /// None yet, and at most `most`, folders included: each entry could need dozens of them.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            by_folded: HashMap::new(),
            most,
        }
    }

    /// Adds a path and tells whether it is new.
    ///
    /// # Errors
    ///
    /// [`ArchiveProblem::TooMany`], and [`ArchiveProblem::Collision`] with a path that differs in letter case or is
    /// of the other kind.
    pub fn add(&mut self, path: &str, kind: ArchiveEntryKind) -> Result<bool, ArchiveProblem> {
        let folded = path.to_lowercase();
        match self.by_folded.get(&folded) {
            None if self.by_folded.len() >= self.most => {
                Err(ArchiveProblem::TooMany { limit: self.most })
            }
            None => {
                self.by_folded.insert(folded, (path.to_owned(), kind));
                Ok(true)
            }
            Some((known, known_kind)) if known == path && *known_kind == kind => Ok(false),
            Some(_) => Err(ArchiveProblem::Collision),
        }
    }
}
