//! What a configuration is made of.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::WorkspaceTrust;
use serde_json::Value;

/// The files of the three layers that are files. One that does not exist sets nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationFiles {
    /// The machine's file.
    pub system: PathBuf,
    /// The person's file.
    pub user: PathBuf,
    /// The workspace's file.
    pub project: PathBuf,
}

impl ConfigurationFiles {
    /// The files of the workspace in the folder `workspace` for the person whose home is `home`.
    #[must_use]
    pub fn standard(workspace: &Path, home: &Path) -> Self {
        Self {
            system: PathBuf::from("/etc/claude/skills.json"),
            user: home.join(".claude/skills.config"),
            project: workspace.join(".claude/skills.json"),
        }
    }
}

/// All that a configuration is loaded from.
#[derive(Clone, Copy, Debug)]
pub struct ConfigurationSources<'a> {
    /// The files.
    pub files: &'a ConfigurationFiles,
    /// Whether the person trusts the workspace. If not, its file can only tighten `security`, and
    /// takes nothing from the environment.
    pub trust: WorkspaceTrust,
    /// The client's environment, for `${VAR}` and the variables of the keys.
    pub environment: &'a BTreeMap<String, String>,
    /// What is set for this once; a later one overrides an earlier one.
    pub overrides: &'a [Override],
}

/// A value set for this once, as a flag of a command line does.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The key, its names joined by dots.
    pub key: String,
    /// The value.
    pub value: Value,
}

impl Override {
    /// Sets `key` to `value`.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}
