//! What a discovery tells.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mycelium_types::Diagnostic;
use mycelium_types::Message;
use mycelium_types::SkillId;
use mycelium_types::SkillSource;
use mycelium_types::printable_path;

use crate::Root;
use crate::SkillRecord;
use crate::walk::MAX_DEPTH;

/// What was found in the roots, and what became of everything that was looked at.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// All skills that are known now, by name, the newest version first.
    pub skills: Vec<Arc<SkillRecord>>,
    /// All skills below the roots in order of precedence, also those that others hide.
    pub found: Arc<[SkillRecord]>,
    /// Those that were not known before, by name, the newest version first.
    pub new: Vec<SkillId>,
    /// Folders that are meant to be skills and are not good ones.
    pub problems: Vec<Problem>,
    /// Skills that hide one another.
    pub collisions: Vec<Collision>,
    /// Every folder that was looked at, in order, and what became of it.
    pub candidates: Vec<Candidate>,
    /// Remarks about roots, ignore files and the index.
    pub notes: Vec<Diagnostic>,
    /// How long it took.
    pub duration: Duration,
    /// How many manifests were read.
    pub read: usize,
    /// How many manifests were known from before and unchanged.
    pub reused: usize,
}

/// A folder that is meant to be a skill and is not a good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The folder. What is not UTF-8 in it is replaced, so that it can be reported as text.
    pub folder: PathBuf,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Two skills of which one hides the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// How.
    pub kind: CollisionKind,
    /// The skill that is used.
    pub winner: SkillId,
    /// Where that comes from.
    pub winner_source: SkillSource,
    /// The skill that is hidden.
    pub loser: SkillId,
    /// Where that comes from.
    pub loser_source: SkillSource,
}

/// How one skill hides another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CollisionKind {
    /// They have the same name and version. The hidden one cannot be used.
    Duplicate,
    /// They have the same name, belong to different owners, and the other is used where no version is
    /// named. The hidden one can be used by its version.
    Shadow,
    /// They have the same name, and the hidden one is from an MCP server, which takes nobody's place. It cannot be used.
    Server,
}

/// A folder that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The folder. What is not UTF-8 in it is replaced, so that it can be reported as text.
    pub path: PathBuf,
    /// The root it was found below.
    pub root: Root,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is a skill.
    Taken {
        /// Its name and version.
        id: SkillId,
    },
    /// It is a skill that another one of the same name and version has precedence over, or, if an MCP server offered it, of the same
    /// name.
    Duplicate {
        /// Their name and version.
        id: SkillId,
        /// The one that is used.
        winner: SkillSource,
    },
    /// Its `skill.json` or `SKILL.md` is not valid or cannot be read.
    Broken {
        /// How many errors there are.
        errors: usize,
    },
    /// It has neither `skill.json` nor `SKILL.md`; its folders were looked at.
    NoManifest,
    /// A pattern of an ignore file matches it.
    Ignored {
        /// The pattern.
        pattern: String,
        /// The ignore file.
        file: PathBuf,
    },
    /// It is never looked into: `.git` and `node_modules`.
    Skipped,
    /// It is nested too deep.
    TooDeep,
    /// It was looked at before, by another path.
    Seen {
        /// The other path.
        first: PathBuf,
    },
    /// It does not exist.
    Missing,
    /// It is not a folder.
    NotAFolder,
    /// It cannot be looked into.
    Unreadable {
        /// What the system says.
        reason: String,
    },
    /// Its root holds too many folders; it and those after it were not looked at.
    TooMany {
        /// How many are looked at.
        most: usize,
    },
}

impl Discovery {
    /// The roots that do not exist.
    pub fn missing_roots(&self) -> impl Iterator<Item = &Root> {
        self.candidates
            .iter()
            .filter(|c| c.verdict == Verdict::Missing && c.path == c.root.path)
            .map(|c| &c.root)
    }
}

impl Problem {
    /// What is wrong, in one sentence: the first error.
    #[must_use]
    pub fn first(&self) -> Option<&Diagnostic> {
        self.diagnostics
            .iter()
            .max_by_key(|diagnostic| (diagnostic.severity, std::cmp::Reverse(diagnostic.position)))
    }
}

impl Verdict {
    /// Whether the folder is a skill that can be used.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken { .. })
    }

    /// Why the folder was taken or not, without its language.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Taken { id } => Message::new("verdict-taken").with("skill", id),
            Self::Duplicate { id, winner } => Message::new("verdict-duplicate")
                .with("skill", id)
                .with("winner", printable_source(winner)),
            Self::Broken { errors } => Message::new("verdict-broken").with("errors", errors),
            Self::NoManifest => Message::new("verdict-no-manifest"),
            Self::Ignored { pattern, file } => Message::new("verdict-ignored")
                .with("pattern", mycelium_types::printable(pattern))
                .with("file", printable_path(file)),
            Self::Skipped => Message::new("verdict-skipped"),
            Self::TooDeep => Message::new("verdict-too-deep").with("most", MAX_DEPTH),
            Self::Seen { first } => {
                Message::new("verdict-seen").with("first", printable_path(first))
            }
            Self::Missing => Message::new("verdict-missing"),
            Self::NotAFolder => Message::new("verdict-not-a-folder"),
            Self::Unreadable { reason } => {
                Message::new("verdict-unreadable").with("reason", reason)
            }
            Self::TooMany { most } => Message::new("verdict-too-many").with("most", most),
        }
    }
}

impl Collision {
    /// What happened, without its language.
    #[must_use]
    pub fn message(&self) -> Message {
        let key = match self.kind {
            CollisionKind::Duplicate => "collision-duplicate",
            CollisionKind::Shadow => "collision-shadow",
            CollisionKind::Server => "collision-server",
        };
        Message::new(key)
            .with("winner", &self.winner)
            .with("winner-source", printable_source(&self.winner_source))
            .with("loser", &self.loser)
            .with("loser-source", printable_source(&self.loser_source))
    }
}

fn printable_source(source: &SkillSource) -> String {
    match source {
        SkillSource::Folder { path } | SkillSource::Package { path } => printable_path(path),
        SkillSource::Embedded { .. } => source.to_string(),
    }
}
