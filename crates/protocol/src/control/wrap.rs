//! Servers of MCP that become skills.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mycelium_policy::Denial;
use mycelium_types::Permission;
use mycelium_types::SkillId;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use serde::Deserialize;
use serde::Serialize;

/// A server to be run as a skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrapRequest {
    /// What the skill is called.
    pub name: SkillName,
    /// What starts the server.
    pub command: WrappedCommand,
    /// What it is to be allowed.
    pub permissions: Vec<Permission>,
    /// Variables that it gets with these values.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Folders and files that are its code besides those that are found.
    #[serde(default)]
    pub installation: Vec<PathBuf>,
}

/// What starts a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WrappedCommand {
    /// A command line, typed in a folder.
    Words {
        /// The program and its arguments.
        words: Vec<String>,
        /// What relative paths start from.
        folder: PathBuf,
    },
    /// What the configuration says of a server.
    Configured {
        /// Its name there.
        server: String,
    },
}

/// A skill that was made of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrapReport {
    /// The skill.
    pub skill: SkillId,
    /// Its folder.
    pub root: PathBuf,
    /// What is run.
    pub command: String,
    /// Where its code is, which it can read.
    pub installation: Vec<PathBuf>,
    /// What it asks for, in words.
    pub permissions: Vec<String>,
    /// What of that nobody can grant, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<Denial>,
    /// The revision of MCP that it speaks.
    pub protocol: String,
    /// The functions that the skill has: for its tools, and for resources and prompts if it has some.
    pub tools: Vec<String>,
    /// Why some tools are not among them.
    pub left_out: Vec<String>,
    /// Whether there was a skill of this name, wrapped before.
    pub replaced: bool,
    /// Functions that it did not have before.
    pub added: Vec<String>,
    /// Functions that it had before.
    pub removed: Vec<String>,
    /// The skill that is meant by the name here instead, if another one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<SkillSource>,
}

/// A skill that is no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnwrapReport {
    /// What it was called.
    pub name: SkillName,
    /// Where the data is that it has left behind, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
}
