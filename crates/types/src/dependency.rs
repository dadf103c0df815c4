//! What a skill needs from elsewhere.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::manifest::text;

/// One declared dependency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// The package's name, as its registry writes it.
    #[schemars(regex(pattern = text::PACKAGE))]
    pub name: String,
    /// The range asked for, in the registry's grammar (npm ranges, PEP 440, …).
    #[schemars(rename = "version")]
    pub range: String,
    /// The registry.
    #[schemars(rename = "type")]
    pub kind: DependencyKind,
    /// Another place to get it from.
    #[schemars(regex(pattern = text::LINE))]
    pub source: Option<String>,
    /// Whether the skill works without it.
    #[schemars(default)]
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
