//! Why a package cannot be read or written.

use std::io;
use std::path::PathBuf;

use mycelium_types::ArchivePath;
use mycelium_types::ArchiveProblem;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable;
use mycelium_types::printable_path;

use crate::package::MAX_PACKAGE_BYTES;

/// Why a package cannot be read or written. The texts are in the message catalogue.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message().render(Locale::default()))]
pub enum PackageError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is larger than is read.
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The archive is not one that is read.
    Refused {
        /// The file.
        path: PathBuf,
        /// The entry, shortened; empty if it is not about one.
        entry: String,
        /// What is wrong.
        problem: ArchiveProblem,
    },
    /// Nothing in it is a skill.
    NoSkill {
        /// The file.
        path: PathBuf,
    },
    /// It holds more than one skill.
    Several {
        /// The file.
        path: PathBuf,
        /// The folder of one of them.
        first: String,
        /// The folder of another.
        second: String,
    },
    /// Something in it belongs to no skill.
    Outside {
        /// The file.
        path: PathBuf,
        /// The entry.
        entry: String,
    },
    /// The skill's folder would have a name that is none.
    Name {
        /// The file.
        path: PathBuf,
    },
    /// Files cannot be written.
    Storage {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// An entry, and why the archive is refused for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) entry: String,
    pub(crate) problem: ArchiveProblem,
}

impl Refusal {
    /// The archive as a whole.
    pub(crate) fn whole(problem: ArchiveProblem) -> Self {
        Self {
            entry: String::new(),
            problem,
        }
    }

    /// One entry, by the name it has in the archive.
    pub(crate) fn entry(name: &[u8], problem: ArchiveProblem) -> Self {
        Self {
            entry: ArchivePath::excerpt(name),
            problem,
        }
    }

    pub(crate) fn of(self, path: &std::path::Path) -> PackageError {
        PackageError::Refused {
            path: path.to_owned(),
            entry: self.entry,
            problem: self.problem,
        }
    }
}

impl PackageError {
    /// The text, without its language.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Unreadable { path, source } => Message::new("load-unreadable")
                .with("path", printable_path(path))
                .with("reason", reason(source)),
            Self::TooLarge { .. } => {
                Message::new("load-package-too-large").with("most", MAX_PACKAGE_BYTES >> 20)
            }
            Self::Refused { entry, problem, .. } => Message::new("load-package-refused")
                .with("problem", problem.as_str())
                .with("entry", entry)
                .with("limit", problem.limit()),
            Self::NoSkill { .. } => Message::new("load-package-empty"),
            Self::Several { first, second, .. } => Message::new("load-package-several")
                .with("first", printable(first))
                .with("second", printable(second)),
            Self::Outside { entry, .. } => {
                Message::new("load-package-outside").with("path", printable(entry))
            }
            Self::Name { .. } => Message::new("load-package-name"),
            Self::Storage { path, source } => Message::new("load-cache")
                .with("path", printable_path(path))
                .with("reason", reason(source)),
        }
    }

    /// The file or folder it is about.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::Unreadable { path, .. }
            | Self::TooLarge { path }
            | Self::Refused { path, .. }
            | Self::NoSkill { path }
            | Self::Several { path, .. }
            | Self::Outside { path, .. }
            | Self::Name { path }
            | Self::Storage { path, .. } => path,
        }
    }
}

impl From<PackageError> for ErrorReport {
    fn from(error: PackageError) -> Self {
        let code = match &error {
            PackageError::Unreadable { .. }
            | PackageError::TooLarge { .. }
            | PackageError::Refused { .. }
            | PackageError::NoSkill { .. }
            | PackageError::Several { .. }
            | PackageError::Outside { .. }
            | PackageError::Name { .. } => ErrorCode::ManifestInvalid,
            PackageError::Storage { .. } => ErrorCode::StateUnavailable,
        };
        Self::new(code)
            .with("path", printable_path(error.path()))
            .with("reason", &error)
    }
}

/// What the system says, without the path that the message names already.
fn reason(error: &io::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
