//! Why a skill cannot be loaded.

use std::io;
use std::path::PathBuf;

use mycelium_package::PackageError;
use mycelium_types::AgentSkill;
use mycelium_types::Diagnostic;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Manifest;
use mycelium_types::Message;
use mycelium_types::Severity;
use mycelium_types::SkillId;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::printable;
use mycelium_types::printable_path;

use crate::tree::MAX_BYTES;
use crate::tree::MAX_DEPTH;
use crate::tree::MAX_ENTRIES;

/// Why a skill cannot be loaded. The texts are in the message catalogue.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message().render(Locale::default()))]
pub enum LoadError {
    /// None of the loader's sources knows this kind of place.
    NoSource {
        /// The place.
        place: SkillSource,
    },
    /// No such skill is compiled in.
    UnknownEmbedded {
        /// The name asked for.
        name: SkillName,
        /// The embedded skill it is most like.
        suggestion: Option<SkillName>,
    },
    /// There is no folder.
    NoFolder {
        /// Where it should be.
        folder: PathBuf,
    },
    /// The folder's path is not UTF-8, which reports, policies and engines need it to be.
    NotUtf8 {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has neither a `skill.json` nor a `SKILL.md`.
    NoManifest {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder of the skill cannot be read.
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The folder holds more than is read.
    TooLarge {
        /// The folder.
        folder: PathBuf,
        /// Of what it has too much.
        bound: Bound,
    },
    /// A link does not stay in the folder.
    Link {
        /// The folder.
        folder: PathBuf,
        /// The link, below the folder.
        link: PathBuf,
        /// Where it points, as written.
        target: PathBuf,
        /// How it fails.
        problem: LinkProblem,
    },
    /// Something in the folder is neither file, folder nor link.
    SpecialFile {
        /// The folder.
        folder: PathBuf,
        /// What it is, below the folder.
        path: PathBuf,
    },
    /// The folder changed each time it was read.
    Changing {
        /// The folder.
        folder: PathBuf,
    },
    /// `skill.json` is not valid, or `SKILL.md` cannot be used.
    Manifest {
        /// The folder.
        folder: PathBuf,
        /// What is wrong, and remarks.
        diagnostics: Vec<Diagnostic>,
    },
    /// The file to load cannot be loaded.
    Entrypoint {
        /// The folder.
        folder: PathBuf,
        /// The file, as the manifest names it.
        entrypoint: PathBuf,
        /// What is wrong with it.
        problem: EntrypointProblem,
    },
    /// The skill does not work on this machine or with this program.
    Incompatible {
        /// The skill.
        skill: SkillId,
        /// All that is in the way.
        reasons: Vec<Message>,
    },
    /// The skill comes from elsewhere, must be signed, and is not.
    SignatureMissing {
        /// The skill.
        skill: SkillId,
    },
    /// The package cannot be read or unpacked.
    Package(#[from] PackageError),
    /// The folder for what is unpacked cannot be written.
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Of what a skill folder has too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Files, links and folders: at most 20,000.
    Entries,
    /// Bytes in all files: at most 512 MiB.
    Bytes,
    /// Folders inside one another: at most 64.
    Depth,
    /// Bytes of `skill.json`: at most 1 MiB.
    Manifest,
    /// Bytes of `SKILL.md`: at most 8 MiB.
    Instructions,
}

/// How a link fails to stay in the skill's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProblem {
    /// It leads out of the folder, or to its `.git`.
    Leaves,
    /// It leads back to itself.
    Loop,
}

/// What is wrong with an entrypoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntrypointProblem {
    /// There is no such file.
    Missing,
    /// It is no regular file.
    NotAFile,
    /// It leads out of the folder, or to its `.git`.
    Leaves,
    /// It should be a program, and its owner may not run it.
    NotExecutable,
    /// It should be a program, and is neither one for this machine nor a script that says what runs it.
    NotAProgram,
    /// What runs it cannot be run in a sandbox.
    Interpreter {
        /// What it names.
        name: String,
    },
}

impl LoadError {
    /// The text, without its language.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NoSource { place } => Message::new("load-no-source").with("source", place),
            Self::UnknownEmbedded { name, .. } => {
                Message::new("load-unknown-embedded").with("skill", name)
            }
            Self::NoFolder { .. } => Message::new("load-no-folder"),
            Self::NotUtf8 { .. } => Message::new("load-not-utf8"),
            Self::NoManifest { .. } => Message::new("load-no-manifest"),
            Self::Unreadable { path, source } => Message::new("load-unreadable")
                .with("path", printable_path(path))
                .with("reason", system_reason(source)),
            Self::TooLarge { bound, .. } => bound.message(),
            Self::Link {
                link,
                target,
                problem,
                ..
            } => Message::new(match problem {
                LinkProblem::Leaves => "load-link-leaves",
                LinkProblem::Loop => "load-link-loop",
            })
            .with("link", printable_path(link))
            .with("target", printable_path(target)),
            Self::SpecialFile { path, .. } => {
                Message::new("load-special-file").with("path", printable_path(path))
            }
            Self::Changing { .. } => Message::new("load-changing"),
            Self::Manifest { diagnostics, .. } => {
                let mut errors = diagnostics
                    .iter()
                    .filter(|remark| remark.severity == Severity::Error);
                let first = errors.next().map_or("", |remark| remark.message.as_str());
                Message::new("manifest-problems")
                    .with("first", first)
                    .with("others", errors.count())
            }
            Self::Entrypoint {
                entrypoint,
                problem,
                ..
            } => problem
                .message()
                .with("entrypoint", printable_path(entrypoint)),
            Self::Incompatible { reasons, .. } => {
                let reasons: Vec<_> = reasons
                    .iter()
                    .map(|reason| reason.render(Locale::default()))
                    .collect();
                Message::new("load-incompatible").with("reasons", reasons.join("; "))
            }
            Self::SignatureMissing { skill } => {
                Message::new("load-signature-missing").with("skill", &skill.name)
            }
            Self::Package(error) => error.message(),
            Self::Cache { folder, source } => Message::new("load-cache")
                .with("path", printable_path(folder))
                .with("reason", system_reason(source)),
        }
    }
}

impl EntrypointProblem {
    fn message(&self) -> Message {
        match self {
            Self::Missing => Message::new("load-entrypoint-missing"),
            Self::NotAFile => Message::new("load-entrypoint-not-a-file"),
            Self::Leaves => Message::new("load-entrypoint-leaves"),
            Self::NotExecutable => Message::new("load-entrypoint-not-executable"),
            Self::NotAProgram => Message::new("load-entrypoint-not-a-program"),
            Self::Interpreter { name } => {
                Message::new("load-entrypoint-interpreter").with("name", printable(name))
            }
        }
    }
}

impl Bound {
    fn message(self) -> Message {
        match self {
            Self::Entries => Message::new("load-too-many-entries").with("most", MAX_ENTRIES),
            Self::Bytes => Message::new("load-too-many-bytes").with("most", MAX_BYTES >> 20),
            Self::Depth => Message::new("load-too-deep").with("most", MAX_DEPTH),
            Self::Manifest => {
                Message::new("load-manifest-too-large").with("most", Manifest::MAX_BYTES >> 20)
            }
            Self::Instructions => Message::new("load-instructions-too-large")
                .with("most", AgentSkill::MAX_BYTES >> 20),
        }
    }
}

impl From<LoadError> for ErrorReport {
    fn from(error: LoadError) -> Self {
        let reason = error.to_string();
        match error {
            LoadError::NoSource { .. } => Self::internal(reason),
            LoadError::UnknownEmbedded { name, suggestion } => {
                let suggestion = suggestion.map_or_else(|| "none".to_owned(), String::from);
                Self::new(ErrorCode::SkillNotFound)
                    .with("skill", name)
                    .with("suggestion", suggestion)
            }
            LoadError::NoFolder { folder }
            | LoadError::NotUtf8 { folder }
            | LoadError::NoManifest { folder }
            | LoadError::TooLarge { folder, .. }
            | LoadError::Link { folder, .. }
            | LoadError::SpecialFile { folder, .. }
            | LoadError::Changing { folder }
            | LoadError::Entrypoint { folder, .. }
            | LoadError::Unreadable { path: folder, .. } => Self::new(ErrorCode::ManifestInvalid)
                .with("path", printable_path(&folder))
                .with("reason", reason),
            LoadError::Manifest {
                folder,
                diagnostics,
            } => {
                let mut report = Self::new(ErrorCode::ManifestInvalid)
                    .with("path", printable_path(&folder))
                    .with("reason", reason);
                report.diagnostics = diagnostics;
                report
            }
            LoadError::Incompatible { skill, .. } => Self::new(ErrorCode::Incompatible)
                .with("skill", skill.name)
                .with("reason", reason),
            LoadError::SignatureMissing { skill } => Self::new(ErrorCode::SignatureMissing)
                .with("skill", skill.name)
                .with("reason", reason),
            LoadError::Package(error) => error.into(),
            LoadError::Cache { .. } => {
                Self::new(ErrorCode::StateUnavailable).with("reason", reason)
            }
        }
    }
}

/// What the system says, without the path that the message names already.
fn system_reason(error: &io::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
