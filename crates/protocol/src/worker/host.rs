//! What a worker asks of its runtime: requests the other way round, each answered once.
//!
//! A [`HostCall`] has a number that is greater than that of the call before, and says to which request of the runtime
//! it belongs. What is not answered when that request ends is not answered any more. The worker is hostile: at most
//! [`MAX_HOST_CALLS`] wait at one time, and everything in them is bounded by whoever performs them.

use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use super::Failure;
use super::FailureKind;
use super::Frame;
use super::RpcError;

/// How many calls of one worker may wait for their answer.
pub const MAX_HOST_CALLS: usize = 64;
/// The longest key of a stored value, in bytes of UTF-8.
pub const MAX_KEY: usize = 512;
/// The largest stored value, in bytes of JSON.
pub const MAX_KEPT_VALUE: usize = 1 << 20;
/// How many values one commit checks, and how many it writes, at most.
pub const MAX_WRITES: usize = 1_000;
/// How many keys one answer lists at most.
pub const MAX_LISTED: usize = 1_000;

/// JSON-RPC's code of a call that failed.
const FAILED: i64 = -32000;

/// What a worker asks of its runtime.
#[derive(Clone, Debug)]
pub enum HostCall {
    /// A stored value.
    KvGet(KvGet),
    /// The keys of stored values.
    KvList(KvList),
    /// Store and delete values, all or nothing.
    KvCommit(KvCommit),
    /// Call another skill.
    Skill(SkillCall),
    /// Something of an MCP server.
    Mcp(McpCall),
}

/// Asks for a stored value. The answer is [`KvFound`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvGet {
    /// The request of the runtime that it belongs to.
    pub call: u64,
    /// The key.
    pub key: String,
}

/// A stored value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KvFound {
    /// The value, which may be `null`; absent if there is none.
    #[serde(
        default,
        deserialize_with = "super::present",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Box<RawValue>>,
    /// Changes with every write of the value; 0 if there is none.
    pub version: u64,
}

/// Asks for keys, in the order of their bytes. The answer is [`KvListed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvList {
    /// The request of the runtime that it belongs to.
    pub call: u64,
    /// What the keys begin with.
    #[serde(default)]
    pub prefix: String,
    /// Only keys after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most; never more than [`MAX_LISTED`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Keys of stored values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvListed {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// Whether there are more after the last one.
    pub more: bool,
    /// Changes with every commit that writes something.
    pub revision: u64,
}

/// Stores and deletes values, all or nothing. The answer is [`KvCommitted`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvCommit {
    /// The request of the runtime that it belongs to.
    pub call: u64,
    /// Versions that values must still have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<KvCheck>,
    /// The revision that the whole store must still have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What is written, in order.
    pub writes: Vec<KvWrite>,
}

/// The version that a value must still have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvCheck {
    /// The value's key.
    pub key: String,
    /// The version; 0 for no value.
    pub version: u64,
}

/// One write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum KvWrite {
    /// Stores a value in place of the one before.
    Set {
        /// The key.
        key: String,
        /// The value, as JSON.
        value: Box<RawValue>,
    },
    /// Deletes a value, if there is one.
    Delete {
        /// The key.
        key: String,
    },
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvCommitted {
    /// Whether everything that was checked was still so. If not, nothing was written.
    pub committed: bool,
    /// The store's revision afterwards.
    pub revision: u64,
}

/// Calls another skill. The answer is what its function returned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillCall {
    /// The request of the runtime that it belongs to.
    pub call: u64,
    /// The skill: `name` or `name@range`.
    pub skill: String,
    /// The function.
    pub method: String,
    /// The arguments, as JSON: a list, or an object for a function that takes them by name.
    pub args: Box<RawValue>,
    /// A shorter time limit than the skill's own, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// Asks something of an MCP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpCall {
    /// The request of the runtime that it belongs to.
    pub call: u64,
    /// The server's name; none where all servers are asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What is asked.
    pub operation: McpOperation,
    /// The parameters of the protocol's own request, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Box<RawValue>>,
}

/// What can be asked of MCP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum McpOperation {
    /// Which servers the skill may use, and what they can do.
    Servers,
    /// The tools of a server.
    ListTools,
    /// Call a tool.
    CallTool,
    /// The resources of a server.
    ListResources,
    /// The templates of a server's resources.
    ListTemplates,
    /// Read a resource.
    ReadResource,
    /// Wait until a resource changes.
    AwaitResource,
}

impl HostCall {
    /// The request of the runtime that it belongs to.
    #[must_use]
    pub fn call(&self) -> u64 {
        match self {
            Self::KvGet(get) => get.call,
            Self::KvList(list) => list.call,
            Self::KvCommit(commit) => commit.call,
            Self::Skill(skill) => skill.call,
            Self::Mcp(mcp) => mcp.call,
        }
    }

    /// What is asked for, as the wire names it.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::KvGet(_) => "kv/get",
            Self::KvList(_) => "kv/list",
            Self::KvCommit(_) => "kv/commit",
            Self::Skill(_) => "skill/call",
            Self::Mcp(_) => "mcp/request",
        }
    }

    /// The call as a frame.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_frame(&self, id: u64) -> serde_json::Result<Frame> {
        let params = match self {
            Self::KvGet(get) => to_raw_value(get)?,
            Self::KvList(list) => to_raw_value(list)?,
            Self::KvCommit(commit) => to_raw_value(commit)?,
            Self::Skill(skill) => to_raw_value(skill)?,
            Self::Mcp(mcp) => to_raw_value(mcp)?,
        };
        Ok(Frame {
            id: Some(id),
            method: Some(self.method().to_owned()),
            params: Some(params),
            ..Frame::default()
        })
    }

    /// The call in a worker's frame and its number, or what is wrong with it; `None` for a frame that is none.
    #[must_use]
    pub fn from_frame(frame: &Frame) -> Option<(u64, Result<Self, InvalidHostCall>)> {
        let (Some(id), Some(method)) = (frame.id, frame.method.as_deref()) else {
            return None;
        };
        let params = frame.params.as_deref().map_or("null", RawValue::get);
        Some((id, Self::read(method, params)))
    }

    fn read(method: &str, params: &str) -> Result<Self, InvalidHostCall> {
        let invalid = |reason: serde_json::Error| InvalidHostCall::Params {
            method: method.to_owned(),
            reason: reason.to_string(),
        };
        Ok(match method {
            "kv/get" => Self::KvGet(serde_json::from_str(params).map_err(invalid)?),
            "kv/list" => Self::KvList(serde_json::from_str(params).map_err(invalid)?),
            "kv/commit" => Self::KvCommit(serde_json::from_str(params).map_err(invalid)?),
            "skill/call" => Self::Skill(serde_json::from_str(params).map_err(invalid)?),
            "mcp/request" => Self::Mcp(serde_json::from_str(params).map_err(invalid)?),
            unknown => {
                return Err(InvalidHostCall::Method {
                    method: unknown.chars().take(80).collect(),
                });
            }
        })
    }
}

/// A call that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHostCall {
    /// There is nothing of that name.
    #[error("the runtime offers no `{method}`")]
    Method {
        /// The name.
        method: String,
    },
    /// The parameters do not fit.
    #[error("the parameters of `{method}` do not fit: {reason}")]
    Params {
        /// What was asked for.
        method: String,
        /// What is wrong.
        reason: String,
    },
}

/// The answer to a [`HostCall`].
#[derive(Clone, Debug)]
pub struct HostAnswer {
    /// The call's number.
    pub id: u64,
    /// What came of it.
    pub outcome: Result<Box<RawValue>, Failure>,
}

impl HostAnswer {
    /// The answer as a frame.
    #[must_use]
    pub fn into_frame(self) -> Frame {
        let (result, error) = match self.outcome {
            Ok(result) => (Some(result), None),
            Err(failure) => {
                let error = RpcError {
                    code: FAILED,
                    message: failure.message.clone(),
                    data: Some(failure),
                };
                (None, Some(error))
            }
        };
        Frame {
            id: Some(self.id),
            result,
            error,
            ..Frame::default()
        }
    }

    /// The answer in a frame of the runtime; `None` for a frame that is none.
    #[must_use]
    pub fn from_frame(frame: Frame) -> Option<Self> {
        let outcome = match (frame.method, frame.result, frame.error) {
            (None, Some(result), None) => Ok(result),
            (None, None, Some(error)) => Err(error.data?),
            _ => return None,
        };
        frame.id.map(|id| Self { id, outcome })
    }
}

impl From<&ErrorReport> for Failure {
    /// What a worker is told of an error that is its runtime's.
    fn from(report: &ErrorReport) -> Self {
        let (message, help) = (
            report.message(Locale::EnUs),
            report.remediation(Locale::EnUs),
        );
        Self {
            kind: FailureKind::Host,
            message: format!("{message} {help}").trim_end().to_owned(),
            name: Some("HostError".to_owned()),
            code: Some(report.code.as_str().to_owned()),
            stack: None,
            transient: report.retryable,
        }
    }
}

/// Tells a worker that nobody waits for a request any more. It should answer it soon; its own calls go on meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The request.
    pub call: u64,
}

impl Cancel {
    /// The frame that tells it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_frame(self) -> serde_json::Result<Frame> {
        Ok(Frame::notification("cancel", to_raw_value(&self)?))
    }

    /// What a frame tells; `None` for one that tells something else.
    ///
    /// # Errors
    /// When the parameters do not fit.
    pub fn from_frame(frame: &Frame) -> serde_json::Result<Option<Self>> {
        match frame.as_notification() {
            Some(("cancel", params)) => serde_json::from_str(params).map(Some),
            _ => Ok(None),
        }
    }
}

/// What a call is part of, as far as its skill may know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallContext {
    /// Names this call: no other call has the same text.
    pub call: String,
    /// The trace that the call is part of, the same in errors, logs and the calls that it makes.
    pub trace: String,
    /// The exported function; none in a lifecycle hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// The session: one agent, or the shells of a workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Who asks, if it is an agent that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentIdentity>,
    /// The folders that are worked on, as paths or URIs; the workspace first.
    #[serde(default)]
    pub roots: Vec<String>,
    /// The skills that led to this call, the first one first.
    #[serde(default)]
    pub callers: Vec<SkillName>,
    /// What was said before, if the agent tells and the person has granted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Value>,
}

/// An agent, as it calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentIdentity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}
