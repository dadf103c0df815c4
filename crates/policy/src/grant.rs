//! What the person allowed.

use mycelium_types::Digest;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;

/// Whether the person trusts a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkspaceTrust {
    /// Nobody said so: its skills get their own folder and nothing else.
    #[default]
    Untrusted,
    /// Its own skills get the workspace paths they declare.
    Trusted,
}

/// What the person said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    #[default]
    Granted,
    /// Yes, in this workspace and until the daemon ends. Never stored.
    Once,
    /// No, and do not ask again.
    Refused,
}

impl Answer {
    /// Whether it is a yes.
    #[must_use]
    pub fn is_yes(self) -> bool {
        match self {
            Self::Granted | Self::Once => true,
            Self::Refused => false,
        }
    }
}

/// An answered question: these permissions, for exactly this content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The skill.
    pub skill: SkillName,
    /// The content the answer was about.
    pub digest: Digest,
    /// The permissions the answer was about, sorted.
    pub permissions: Vec<Permission>,
    /// The answer.
    #[serde(default)]
    pub answer: Answer,
    /// Who gave it: the name of the account, as far as it is known.
    #[serde(default)]
    pub by: String,
    /// When, in milliseconds since 1970 UTC.
    #[serde(default)]
    pub at_milliseconds: u64,
}

impl Grant {
    /// Whether the answer is about this content of the skill and what that asks for.
    #[must_use]
    pub fn covers(&self, manifest: &Manifest, digest: Digest) -> bool {
        self.skill == manifest.name && self.digest == digest && self.permissions == manifest.asks()
    }
}

/// The answer that `grants` have about this content of a skill and what that asks for.
#[must_use]
pub fn answer_to<'g>(
    grants: &'g [Grant],
    manifest: &Manifest,
    digest: Digest,
) -> Option<&'g Grant> {
    grants.iter().find(|grant| grant.covers(manifest, digest))
}
