//! What a skill says of itself: the typed content of `skill.json`.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::AgentSkill;
use crate::Dependency;
use crate::EngineChoice;
use crate::Export;
use crate::Hook;
use crate::InstanceScope;
use crate::LimitOverrides;
use crate::Permission;
use crate::PermissionRequest;
use crate::Script;
use crate::SkillId;
use crate::SkillName;
use crate::Version;
use crate::VersionRange;
use crate::WorkerProtocol;

mod author;
mod choice;
mod dependencies;
mod deprecation;
mod exports;
mod fields;
mod limits;
mod permissions;
mod place;
mod platform;
mod reading;
mod schema;
pub(crate) mod text;

pub use reading::ManifestReading;
pub use schema::manifest_schema;
pub use text::is_variable;

/// A valid `skill.json`, format 1.0, or what a `SKILL.md` amounts to.
///
/// `Serialize` and `Deserialize` are for our own wires and stores, where every field is present
/// and in one form; what people write is read by [`Manifest::read`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "What a skill says of itself, format 1.0.")]
pub struct Manifest {
    /// The skill's name.
    pub name: SkillName,
    /// The skill's version.
    pub version: Version,
    /// What it does, one or two sentences.
    #[schemars(regex(pattern = text::PROSE))]
    pub description: String,
    /// The file to load, relative to the skill's folder and inside it.
    #[schemars(schema_with = "schema::file")]
    pub entrypoint: PathBuf,
    /// The functions it offers, in the manifest's order.
    #[schemars(schema_with = "schema::exports")]
    pub exports: Vec<Export>,
    /// Who wrote it.
    #[schemars(default, schema_with = "schema::author")]
    pub author: Option<Author>,
    /// An SPDX expression.
    #[schemars(regex(pattern = text::LINE))]
    pub license: Option<String>,
    /// What it needs from elsewhere.
    #[schemars(default, schema_with = "schema::dependencies")]
    pub dependencies: Vec<Dependency>,
    /// What it asks to be allowed.
    #[schemars(default)]
    pub permissions: Vec<PermissionRequest>,
    /// Words to find it by.
    #[schemars(default, inner(regex(pattern = text::LINE)))]
    pub tags: Vec<String>,
    /// One group it belongs to.
    #[schemars(regex(pattern = text::LINE))]
    pub category: Option<String>,
    /// More words to find it by.
    #[schemars(default, inner(regex(pattern = text::LINE)))]
    pub keywords: Vec<String>,
    /// A page about it.
    #[schemars(regex(pattern = text::WEB_PAGE))]
    pub homepage: Option<String>,
    /// What should run it.
    #[schemars(default)]
    pub engine: EngineChoice,
    /// Who shares a running copy.
    #[schemars(default)]
    pub instance: InstanceScope,
    /// Where it works.
    #[schemars(default)]
    pub compatibility: Compatibility,
    /// Entrypoints for particular platforms; the first that fits wins over `entrypoint`.
    #[schemars(default)]
    pub variants: Vec<Variant>,
    /// A JSON Schema of the skill's own settings.
    #[schemars(default, schema_with = "schema::object")]
    pub config: Option<Value>,
    /// Limits that differ from the defaults.
    #[schemars(default)]
    pub limits: LimitOverrides,
    /// The lifecycle hooks it says it has.
    #[schemars(default)]
    pub hooks: Vec<Hook>,
    /// Set when it should no longer be used.
    #[schemars(default)]
    pub deprecated: Option<Deprecation>,
    /// The description in other languages, by locale.
    #[schemars(default, schema_with = "schema::descriptions")]
    pub descriptions: BTreeMap<String, String>,
    /// Calls may be repeated after a failure without harm.
    #[schemars(default)]
    pub idempotent: bool,
    /// How a `native` skill is spoken to.
    #[schemars(default)]
    pub protocol: WorkerProtocol,
    /// What its `SKILL.md` says, if it has one; no field of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub agent: Option<Box<AgentSkill>>,
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

    /// What it asks to be allowed, sorted, whatever its reasons are.
    #[must_use]
    pub fn asks(&self) -> Vec<Permission> {
        let requests = self.permissions.iter();
        let mut asked: Vec<_> = requests.map(|request| request.permission.clone()).collect();
        asked.sort();
        asked
    }

    /// The scripts that are the skill's methods, if it is one without a `skill.json`.
    #[must_use]
    pub fn scripts(&self) -> Option<&[Script]> {
        let agent = self.agent.as_ref().filter(|agent| agent.stands_alone)?;
        Some(&agent.scripts)
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// Their name.
    #[schemars(regex(pattern = text::LINE))]
    pub name: String,
    /// An address to write to.
    #[schemars(regex(pattern = text::LINE))]
    pub email: Option<String>,
    /// A page about them.
    #[schemars(regex(pattern = text::LINE))]
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
    #[schemars(inner(regex(pattern = text::LINE)))]
    pub os: Vec<String>,
    /// Architectures: `x86_64`, `aarch64`; empty means all.
    #[schemars(inner(regex(pattern = text::LINE)))]
    pub arch: Vec<String>,
}

/// Another entrypoint for some platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    /// Operating systems it is for; empty means all.
    #[serde(default)]
    #[schemars(inner(regex(pattern = text::LINE)))]
    pub os: Vec<String>,
    /// Architectures it is for; empty means all.
    #[serde(default)]
    #[schemars(inner(regex(pattern = text::LINE)))]
    pub arch: Vec<String>,
    /// The file to load, relative to the skill's folder and inside it.
    #[schemars(schema_with = "schema::file")]
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
    #[schemars(regex(pattern = text::PROSE))]
    pub message: String,
    /// The skill to use instead.
    #[serde(default)]
    #[schemars(regex(pattern = text::LINE))]
    pub replacement: Option<String>,
    /// The version it is deprecated since.
    #[serde(default)]
    pub since: Option<Version>,
}
