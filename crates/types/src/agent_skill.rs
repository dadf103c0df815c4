//! What a `SKILL.md` says: the fields of the Agent Skills specification and those of Claude Code.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::CallStyle;
use crate::Compatibility;
use crate::EngineChoice;
use crate::Export;
use crate::INTERPRETER_MEMORY_MB;
use crate::InstanceScope;
use crate::LimitOverrides;
use crate::Manifest;
use crate::SkillName;
use crate::Version;
use crate::WorkerProtocol;

mod fields;
mod front_matter;
mod reading;
mod reference;
mod renamed;
mod script;
mod substitution;
mod typed;
mod yaml;

pub use reading::AgentSkillReading;
pub use script::Script;
pub use script::ScriptKind;
pub use substitution::Substitutions;

/// A usable `SKILL.md`, but for the instructions themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSkill {
    /// The file's name: `SKILL.md`, or `skill.md` where that is what there is.
    pub file: String,
    /// Its name made fit for commands; where nothing of it fits, one made from its digest.
    pub name: SkillName,
    /// The name as it is written, or the folder's where none is.
    pub title: String,
    /// What it does and when to use it; at most [`AgentSkill::MAX_DESCRIPTION`] characters.
    pub description: String,
    /// More about when to use it (Claude Code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_to_use: Option<String>,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// What it needs of its surroundings, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<String>,
    /// Whatever else its author wrote, as texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The tools it would like an agent to allow. They grant nothing here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_tools: Vec<String>,
    /// The tools it would like an agent to withhold (Claude Code).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disallowed_tools: Vec<String>,
    /// What to type after its name (Claude Code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument_hint: Option<String>,
    /// The names of its arguments, in order (Claude Code).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Whether an agent may start it by itself (Claude Code).
    pub model_invocable: bool,
    /// Whether a person may start it by its name (Claude Code).
    pub user_invocable: bool,
    /// The files that it is about, as patterns (Claude Code).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// What else Claude Code is told: `agent`, `background`, `context`, `effort`, `model`, `shell`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Whether there is no `skill.json` beside it, so that its scripts are the skill's methods.
    pub stands_alone: bool,
    /// The files below `scripts/` that are methods; none where it does not stand alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<Script>,
}

impl AgentSkill {
    /// The file's name.
    pub const FILE: &'static str = "SKILL.md";
    /// The file's name as some write it.
    pub const LOWER_CASE_FILE: &'static str = "skill.md";
    /// The most bytes a `SKILL.md` has: 8 MiB. A caller need not read more of a file than one more.
    pub const MAX_BYTES: usize = 8 << 20;
    /// The most characters of a description that are kept.
    pub const MAX_DESCRIPTION: usize = 8_192;

    /// The script that is the method `name`.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&Script> {
        self.scripts.iter().find(|script| script.method == name)
    }

    /// The manifest of a skill that has no `skill.json`: no permissions, and its scripts as methods.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let version = self.metadata.get("version");
        Manifest {
            name: self.name.clone(),
            version: version
                .and_then(|text| version_of(text))
                .unwrap_or_else(Version::zero),
            description: self.description.clone(),
            entrypoint: self.file.clone().into(),
            exports: self.scripts.iter().map(export).collect(),
            author: None,
            license: self.license.clone(),
            dependencies: Vec::new(),
            permissions: Vec::new(),
            tags: Vec::new(),
            category: None,
            keywords: Vec::new(),
            homepage: None,
            engine: EngineChoice::Native,
            instance: InstanceScope::default(),
            compatibility: Compatibility::default(),
            variants: Vec::new(),
            config: None,
            limits: LimitOverrides {
                memory_mb: Some(INTERPRETER_MEMORY_MB),
                ..LimitOverrides::default()
            },
            hooks: Vec::new(),
            deprecated: None,
            descriptions: BTreeMap::new(),
            idempotent: false,
            protocol: WorkerProtocol::Argv,
            agent: Some(Box::new(self.clone())),
        }
    }
}

fn export(script: &Script) -> Export {
    Export {
        call: CallStyle::Positional,
        ..Export::named(&script.method)
    }
}

/// A version as people write it in `metadata`: `1`, `1.0` or `1.0.0`, with a `v` before it or not.
fn version_of(text: &str) -> Option<Version> {
    let text = text.trim().trim_start_matches('v');
    let parts = text.split('.').count();
    let filled = match parts {
        1 => format!("{text}.0.0"),
        2 => format!("{text}.0"),
        _ => text.to_owned(),
    };
    text.parse().or_else(|_| filled.parse()).ok()
}
