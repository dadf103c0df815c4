//! Where a skill comes from and what names one version of it.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::SkillName;
use crate::Version;

/// One version of one skill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SkillId {
    /// The skill's name.
    pub name: SkillName,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for SkillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// Where a skill comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SkillSource {
    /// A folder on this machine, absolute.
    Folder {
        /// The folder that holds `skill.json` or `SKILL.md`.
        path: PathBuf,
    },
    /// A `.skill` package on this machine.
    Package {
        /// The file, absolute.
        path: PathBuf,
    },
    /// Compiled into the program.
    Embedded {
        /// The skill's name among the embedded ones.
        name: SkillName,
    },
}

impl fmt::Display for SkillSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path } | Self::Package { path } => write!(f, "{}", path.display()),
            Self::Embedded { name } => write!(f, "embedded:{name}"),
        }
    }
}
