//! What a skill needs from elsewhere.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// One declared dependency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dependency {
    /// The package's name, as its registry writes it.
    pub name: String,
    /// The range asked for, in the registry's grammar (npm ranges, PEP 440, …).
    pub range: String,
    /// The registry.
    pub kind: DependencyKind,
    /// Another place to get it from.
    pub source: Option<String>,
    /// Whether the skill works without it.
    pub optional: bool,
}

/// Which registry a dependency is looked up in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyKind {
    /// The npm registry.
    #[default]
    Npm,
    /// The Python package index.
    Pip,
    /// Another skill.
    Skill,
    /// A binary tool.
    Binary,
}

impl DependencyKind {
    /// The kind as a manifest writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pip => "pip",
            Self::Skill => "skill",
            Self::Binary => "binary",
        }
    }
}
