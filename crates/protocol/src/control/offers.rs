//! Skills that other MCP servers offer (SEP-2640), and what is installed of them.

use std::path::PathBuf;

use mycelium_types::Digest;
use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

/// The skills that a server offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OfferReport {
    /// The server.
    pub server: String,
    /// The skills, in its order.
    pub skills: Vec<OfferedSkill>,
}

/// A skill that a server offers. Whatever is said here is the server's word and nobody else's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedSkill {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Where its instructions are.
    pub uri: String,
    /// All fields of its front matter.
    pub front_matter: Map<String, Value>,
    /// Its files, the one with the instructions first.
    pub files: Vec<OfferedFile>,
    /// Why it cannot be installed, if it cannot.
    pub refused: Option<String>,
    /// What an approval names: this skill of this server, with exactly these files.
    pub approval: Option<Digest>,
    /// What is installed of it.
    pub state: OfferState,
}

/// A file of a skill that a server offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedFile {
    /// Its path in the skill's folder.
    pub path: String,
    /// Where it is.
    pub uri: String,
    /// The SHA-256 of its content.
    pub digest: Digest,
    /// Its length, in bytes.
    pub size: u64,
}

/// What is installed of a skill that a server offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferState {
    /// Nothing.
    #[default]
    New,
    /// What the server offers.
    Installed,
    /// Something else: the server has changed it since.
    Changed,
}

impl OfferState {
    /// The state as JSON writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Installed => "installed",
            Self::Changed => "changed",
        }
    }
}

/// One skill that a server offers, looked into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferDetails {
    /// The server.
    pub server: String,
    /// The skill.
    pub skill: OfferedSkill,
    /// Its instructions, as they are written.
    pub text: String,
}

/// What becomes of a skill that a server offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferRequest {
    /// The server.
    pub server: String,
    /// The skill, by its name.
    pub skill: String,
    /// The name that it has here, if that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SkillName>,
    /// What is wanted.
    pub wish: OfferWish,
}

/// What is wanted with a skill that a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferWish {
    /// Install what this approval was given for.
    Install(Digest),
    /// Remove what is installed.
    Remove,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferOutcome {
    /// The server.
    pub server: String,
    /// The skill, by the name that it has here.
    pub skill: String,
    /// The skill of that name that comes before it, so that nobody can use this one: its path, or `built in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<String>,
    /// Where it is, or was.
    pub folder: PathBuf,
    /// Whether it is there now.
    pub installed: bool,
    /// Whether anything was done.
    pub changed: bool,
}
