//! What is put on record.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use mycelium_types::Version;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

/// How much an entry matters: when it is on disk, and what happens if it cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Written before the operation is answered, on disk soon after.
    Ordinary,
    /// On disk before the operation is answered; without it the operation fails.
    Security,
}

impl Level {
    /// The level's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Security => "security",
        }
    }
}

/// What an entry is about. What is not known stays out of the entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The workspace's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The session: one agent, or the shells of a workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The skill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillName>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The digest of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The request's correlation id, the same in errors and in the daemon's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// How an operation ended: `OK`, or the code of its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum Outcome {
    /// Well.
    Done,
    /// With an error.
    Failed(ErrorCode),
}

impl Outcome {
    /// How an operation with this error, if any, ended.
    #[must_use]
    pub fn of(error: Option<&ErrorReport>) -> Self {
        error.map_or(Self::Done, |error| Self::Failed(error.code))
    }
}

impl From<Outcome> for &'static str {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => "OK",
            Outcome::Failed(code) => code.as_str(),
        }
    }
}

/// How a request to the network went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was let through.
    Allowed,
    /// It was refused.
    Refused,
    /// It was let through and failed for a reason of its own.
    Failed,
}

/// What a grant or its withdrawal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantScope {
    /// The workspace as a whole is trusted.
    Workspace,
    /// One skill, with the content and permissions it has now.
    Skill,
    /// The same, in the subject's workspace and until the daemon ends.
    Run,
}

/// Something to put on record. Text in it may come from anywhere: it is bounded, and what looks like a
/// secret is taken out, when the entry is made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "detail", rename_all = "kebab-case")]
pub enum AuditEvent {
    /// A call ended, or was refused.
    Call {
        /// The method.
        method: String,
        /// The arguments, without the ones that their schema marks as secret.
        arguments: Value,
        /// How it ended.
        outcome: Outcome,
        /// How often it was tried.
        attempts: u32,
        /// Time it took, in milliseconds.
        milliseconds: f64,
    },
    /// What a skill used of its runtime during one request, in brief.
    HostCalls {
        /// What: `kv/get`, `mcp/request`, `log`, …
        function: String,
        /// What ran: a method, a hook, `load` or `start`.
        call: String,
        /// How often.
        times: u64,
        /// How often in vain.
        failed: u64,
    },
    /// A stage of a skill's life ended: load, activate, deactivate, unload.
    Stage {
        /// Which.
        stage: String,
        /// How it ended.
        outcome: Outcome,
        /// Time it took, in milliseconds.
        milliseconds: f64,
    },
    /// The sandbox refused something.
    Violation {
        /// What the skill tried: `read`, `write`, `connect`, `exec`, …
        operation: String,
        /// The path, address or system call as the skill gave it.
        attempted: String,
        /// The path or address it means.
        resolved: String,
        /// What it may use that way.
        allowed: Vec<String>,
        /// The permission that would allow it, as a manifest writes it.
        permission: Option<String>,
        /// What ran: a method, a hook, `load` or `start`.
        call: String,
        /// What noticed it: `engine`, `kernel`, `broker`, …
        layer: String,
    },
    /// More happened during a call or stage than is recorded as violations.
    ViolationsOmitted {
        /// What ran: a method, a hook, `load` or `start`.
        call: String,
        /// How many more refusals there were.
        refused: u64,
        /// How many attempts nobody looked at, because they came too fast. They may have been allowed.
        unjudged: u64,
    },
    /// An operation was refused before it began.
    Denied {
        /// The error's code.
        code: ErrorCode,
        /// The error's facts.
        reason: BTreeMap<String, String>,
    },
    /// Something is granted. Recorded before it takes effect.
    GrantGiven {
        /// To whom.
        scope: GrantScope,
        /// The permissions, in words.
        permissions: Vec<String>,
    },
    /// What was granted is taken back. Recorded before it takes effect.
    GrantRevoked {
        /// From whom.
        scope: GrantScope,
    },
    /// A grant that was recorded could not be stored, so it has no effect.
    GrantFailed {
        /// Whose.
        scope: GrantScope,
        /// Why.
        reason: String,
    },
    /// A limit was reached and the worker was ended.
    LimitReached {
        /// Which limit, as the manifest writes it.
        limit: String,
        /// Its value.
        value: u64,
    },
    /// A worker's request to the network ended, or was refused.
    Request {
        /// What was spoken: `name`, `http`, `tls`, `tcp`.
        protocol: String,
        /// The host.
        host: String,
        /// The port; a look-up of a name has none.
        port: Option<u16>,
        /// The method, where it is seen.
        method: Option<String>,
        /// The path without its query, where it is seen.
        path: Option<String>,
        /// How it went.
        verdict: Verdict,
        /// Why it was refused or failed.
        reason: Option<String>,
        /// Secrets that went with it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        given: Vec<String>,
        /// Secrets that it named and that are not for this host.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        withheld: Vec<String>,
        /// How many requests before it are not on record, because there were too many in a short time.
        #[serde(skip_serializing_if = "Option::is_none")]
        omitted: Option<NonZeroU64>,
        /// Bytes sent.
        sent: u64,
        /// Bytes received.
        received: u64,
        /// Time it took, in milliseconds.
        milliseconds: f64,
    },
}

impl AuditEvent {
    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Request {
                verdict: Verdict::Allowed | Verdict::Failed,
                withheld,
                ..
            } if withheld.is_empty() => Level::Ordinary,
            Self::Call { .. } | Self::HostCalls { .. } | Self::Stage { .. } => Level::Ordinary,
            Self::Violation { .. }
            | Self::ViolationsOmitted { .. }
            | Self::Denied { .. }
            | Self::GrantGiven { .. }
            | Self::GrantRevoked { .. }
            | Self::GrantFailed { .. }
            | Self::LimitReached { .. }
            | Self::Request { .. } => Level::Security,
        }
    }
}

/// An event and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it is about.
    pub subject: Subject,
    /// What happened.
    pub event: AuditEvent,
}
