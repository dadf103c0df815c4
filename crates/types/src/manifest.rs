//! What a skill says of itself: the typed content of `skill.json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::Dependency;
use crate::EngineChoice;
use crate::Export;
use crate::Hook;
use crate::InstanceScope;
use crate::LimitOverrides;
use crate::Permission;
use crate::SkillId;
use crate::SkillName;
use crate::Version;
use crate::VersionRange;
use crate::WorkerProtocol;

/// A valid `skill.json`, format 1.0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The skill's name.
    pub name: SkillName,
    /// The skill's version.
    pub version: Version,
    /// What it does, one or two sentences.
    pub description: String,
    /// The file to load, relative to the skill's folder and inside it.
    pub entrypoint: PathBuf,
    /// The functions it offers, in the manifest's order.
    pub exports: Vec<Export>,
    /// Who wrote it.
    pub author: Option<Author>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// What it needs from elsewhere.
    pub dependencies: Vec<Dependency>,
    /// What it asks to be allowed.
    pub permissions: Vec<Permission>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// One group it belongs to.
    pub category: Option<String>,
    /// More words to find it by.
    pub keywords: Vec<String>,
    /// A page about it.
    pub homepage: Option<String>,
    /// What should run it.
    pub engine: EngineChoice,
    /// Who shares a running copy.
    pub instance: InstanceScope,
    /// Where it works.
    pub compatibility: Compatibility,
    /// Entrypoints for particular platforms; the first that fits wins over `entrypoint`.
    pub variants: Vec<Variant>,
    /// A JSON Schema of the skill's own settings.
    pub config: Option<Value>,
    /// Limits that differ from the defaults.
    pub limits: LimitOverrides,
    /// The lifecycle hooks it says it has.
    pub hooks: Vec<Hook>,
    /// Set when it should no longer be used.
    pub deprecated: Option<Deprecation>,
    /// The description in other languages, by locale.
    pub descriptions: BTreeMap<String, String>,
    /// Calls may be repeated after a failure without harm.
    pub idempotent: bool,
    /// How a `native` skill is spoken to.
    pub protocol: WorkerProtocol,
}

impl Manifest {
    /// Name and version.
    #[must_use]
    pub fn id(&self) -> SkillId {
        SkillId {
            name: self.name.clone(),
            version: self.version.clone(),
        }
    }

    /// The export called `name`.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|export| export.name == name)
    }

    /// The entrypoint for this platform: the first fitting variant's, else the general one.
    #[must_use]
    pub fn entrypoint_for(&self, os: &str, arch: &str) -> &Path {
        self.variants
            .iter()
            .find(|variant| variant.fits(os, arch))
            .map_or(&self.entrypoint, |variant| &variant.entrypoint)
    }
}

/// Who wrote a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Their name.
    pub name: String,
    /// An address to write to.
    pub email: Option<String>,
    /// A page about them.
    pub url: Option<String>,
}

/// Where a skill works; an absent range allows everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Compatibility {
    /// Versions of this program.
    pub mycelium: Option<VersionRange>,
    /// Versions of Node.js, where one runs it.
    pub node: Option<VersionRange>,
    /// Versions of Python, where one runs it.
    pub python: Option<VersionRange>,
    /// Operating systems: `linux`, `macos`, `windows`; empty means all.
    pub os: Vec<String>,
    /// Architectures: `x86_64`, `aarch64`; empty means all.
    pub arch: Vec<String>,
}

/// Another entrypoint for some platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    /// Operating systems it is for; empty means all.
    #[serde(default)]
    pub os: Vec<String>,
    /// Architectures it is for; empty means all.
    #[serde(default)]
    pub arch: Vec<String>,
    /// The file to load, relative to the skill's folder and inside it.
    pub entrypoint: PathBuf,
}

impl Variant {
    fn fits(&self, os: &str, arch: &str) -> bool {
        let has = |list: &[String], value: &str| list.is_empty() || list.iter().any(|x| x == value);
        has(&self.os, os) && has(&self.arch, arch)
    }
}

/// Why a skill should no longer be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deprecation {
    /// What to tell its users.
    pub message: String,
    /// The skill to use instead.
    #[serde(default)]
    pub replacement: Option<String>,
    /// The version it is deprecated since.
    #[serde(default)]
    pub since: Option<Version>,
}
