//! What a client says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use mycelium_policy::Answer;
use mycelium_types::Digest;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::Event;
use crate::InvalidValue;
use crate::check_nesting;
use crate::control::DaemonStatus;
use crate::control::Discovery;
use crate::control::ExecReport;
use crate::control::MetricsReport;
use crate::control::OfferDetails;
use crate::control::OfferOutcome;
use crate::control::OfferReport;
use crate::control::OfferRequest;
use crate::control::ProcessReport;
use crate::control::ServerDescription;
use crate::control::ServersReport;
use crate::control::SkillChange;
use crate::control::SkillInfo;
use crate::control::SkillSelector;
use crate::control::SkillSummary;
use crate::control::ToolPrefix;
use crate::control::ToolReport;
use crate::control::ToolRequest;
use crate::control::TraceReport;
use crate::control::TrustReport;
use crate::control::UnloadReport;
use crate::control::UnwrapReport;
use crate::control::WrapReport;
use crate::control::WrapRequest;
use crate::worker::AgentIdentity;

/// The first frame of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// [`crate::control::CONTROL_PROTOCOL`] of the client.
    pub protocol: u32,
    /// The client program's version.
    pub version: String,
    /// Which build of that version: a text that differs between builds and grows with time.
    pub build: String,
    /// A session that belongs to this connection and ends with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_session: Option<String>,
}

/// The first frame of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHello {
    /// [`crate::control::CONTROL_PROTOCOL`] of the daemon.
    pub protocol: u32,
    /// The daemon's version.
    pub version: String,
    /// Which build of that version.
    pub build: String,
    /// The daemon's process id.
    pub pid: u32,
    /// Whether it takes requests; one that is stopping does not.
    pub accepting: bool,
}

/// One thing asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The request's number, chosen by the client.
    pub id: u64,
    /// Who asks, and where.
    pub context: RequestContext,
    /// What is asked.
    pub command: Command,
}

/// Who asks, and where: everything the daemon would otherwise have to guess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestContext {
    /// The project folder, absolute and without links.
    pub workspace: PathBuf,
    /// The person's home folder.
    pub home: PathBuf,
    /// The session the request belongs to.
    pub session: String,
    /// The client's environment, as far as it is text.
    pub environment: BTreeMap<String, String>,
    /// Configuration values given as flags, by dotted key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<String, Value>,
    /// Nothing may be fetched.
    pub offline: bool,
    /// A `.skill` package that is known to this request besides the workspace's skills and before them, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PathBuf>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", content = "params", rename_all = "kebab-case")]
pub enum Command {
    /// Run a function of a skill.
    Exec(ExecRequest),
    /// Run a function of a skill under observation.
    Trace(TraceRequest),
    /// Look for skills again.
    Discover {
        /// Folders to search instead of the configured ones, absolute.
        paths: Vec<PathBuf>,
    },
    /// All known skills.
    List,
    /// Known skills that fit.
    Search(SearchRequest),
    /// All about one skill.
    Info(SkillSelector),
    /// Make a skill ready for calls.
    Activate(SkillSelector),
    /// Keep a skill, refuse its calls.
    Deactivate(SkillSelector),
    /// Read a skill again and start it anew.
    Reload(SkillSelector),
    /// End a skill's instance of this session.
    Unload(SkillSelector),
    /// End all instances of this workspace.
    UnloadAll,
    /// Close a skill's breaker.
    Reset(SkillSelector),
    /// What was measured.
    Metrics,
    /// What runs.
    Processes,
    /// Allow something.
    Trust(TrustRequest),
    /// Take back what was allowed.
    Revoke(TrustTarget),
    /// The other MCP servers there are.
    Servers,
    /// What one of them says of itself, tools and resources included.
    Server {
        /// Its name.
        server: String,
    },
    /// Call a tool of one of them.
    Tool(ToolRequest),
    /// Read a resource of one of them.
    Resource {
        /// Its name.
        server: String,
        /// The resource.
        uri: String,
    },
    /// The skills that one of them offers.
    Offers {
        /// Its name.
        server: String,
    },
    /// Look into one of these skills.
    Offer {
        /// The server's name.
        server: String,
        /// The skill's name.
        skill: String,
    },
    /// Install or remove one of these skills.
    TakeOffer(OfferRequest),
    /// Make a skill of a server.
    Wrap(Box<WrapRequest>),
    /// Forget a skill that was made of a server.
    Unwrap {
        /// Its name.
        name: SkillName,
    },
    /// Speak MCP from here on: the last request of a connection, whose own session it belongs to.
    Agent {
        /// What the agent puts before the names of tools.
        tool_prefix: ToolPrefix,
    },
    /// Offer the skills at an address, to agents that come over HTTP, for as long as this connection lasts.
    Endpoint(EndpointRequest),
    /// How the daemon does.
    Status,
    /// Take no more requests, let running ones end, then stop.
    Shutdown,
}

impl Command {
    /// The command's name, as the wire and statistics write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exec(_) => "exec",
            Self::Trace(_) => "trace",
            Self::Discover { .. } => "discover",
            Self::List => "list",
            Self::Search(_) => "search",
            Self::Info(_) => "info",
            Self::Activate(_) => "activate",
            Self::Deactivate(_) => "deactivate",
            Self::Reload(_) => "reload",
            Self::Unload(_) => "unload",
            Self::UnloadAll => "unload-all",
            Self::Reset(_) => "reset",
            Self::Metrics => "metrics",
            Self::Processes => "processes",
            Self::Trust(_) => "trust",
            Self::Revoke(_) => "revoke",
            Self::Servers => "servers",
            Self::Server { .. } => "server",
            Self::Tool(_) => "tool",
            Self::Resource { .. } => "resource",
            Self::Offers { .. } => "offers",
            Self::Offer { .. } => "offer",
            Self::TakeOffer(_) => "take-offer",
            Self::Wrap(_) => "wrap",
            Self::Unwrap { .. } => "unwrap",
            Self::Agent { .. } => "agent",
            Self::Endpoint(_) => "endpoint",
            Self::Status => "status",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Where and to whom skills are offered over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRequest {
    /// The address to listen at; port 0 is any that is free.
    pub address: SocketAddr,
    /// Who is let in.
    pub access: EndpointAccess,
    /// Names and addresses, beside those of this machine, by which clients know the endpoint.
    pub hosts: Vec<String>,
    /// Origins of web pages that may use it.
    pub origins: Vec<String>,
    /// What agents put before the names of tools.
    pub tool_prefix: ToolPrefix,
}

/// Who is let in at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointAccess {
    /// Whoever sends the person's token.
    Token,
    /// Every program of this machine, whoever runs it.
    Everybody,
}

/// Where skills are offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointReport {
    /// The address, as a URL.
    pub url: String,
    /// The file that has the token, if one is needed.
    pub token_file: Option<PathBuf>,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "value", rename_all = "kebab-case")]
pub enum Reply {
    /// To `exec`.
    Exec(ExecReport),
    /// To `trace`.
    Trace(Box<TraceReport>),
    /// To `discover`.
    Discovery(Discovery),
    /// To `list` and `search`.
    Skills(Vec<SkillSummary>),
    /// To `info`.
    Info(Box<SkillInfo>),
    /// To `activate`, `deactivate`, `reload`, `unload` and `reset`.
    Changed(SkillChange),
    /// To `unload-all`.
    Unloaded(UnloadReport),
    /// To `metrics`.
    Metrics(MetricsReport),
    /// To `processes`.
    Processes(ProcessReport),
    /// To `trust` and `revoke`.
    Trust(TrustReport),
    /// To `servers`.
    Servers(ServersReport),
    /// To `server`.
    Server(Box<ServerDescription>),
    /// To `tool`.
    Tool(ToolReport),
    /// To `resource`: its contents, as the protocol has them.
    Resource(Vec<Value>),
    /// To `offers`.
    Offers(OfferReport),
    /// To `offer`.
    Offer(Box<OfferDetails>),
    /// To `take-offer`.
    OfferTaken(OfferOutcome),
    /// To `wrap`.
    Wrapped(Box<WrapReport>),
    /// To `unwrap`.
    Unwrapped(UnwrapReport),
    /// To `status`.
    Status(DaemonStatus),
    /// To `agent`: what follows is MCP, one JSON message a line, both ways.
    Agent,
    /// To `endpoint`.
    Endpoint(EndpointReport),
    /// To `shutdown`.
    Stopping,
}

/// One frame of the daemon after its hello.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerMessage {
    /// Something happened while the request ran.
    Event {
        /// The request.
        id: u64,
        /// What happened.
        event: Event,
    },
    /// The request is done.
    Reply {
        /// The request.
        id: u64,
        /// What came of it.
        result: Result<Reply, ErrorReport>,
    },
}

/// A call: plain data that names nothing local to one daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecRequest {
    /// The skill.
    pub skill: SkillSelector,
    /// The function.
    pub method: String,
    /// The arguments.
    pub args: Arguments,
    /// A shorter time limit than the skill's own, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// The caller's correlation id; one is made if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The agent that calls, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentContext>>,
}

/// What an agent tells of itself with a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentContext {
    /// Its name and version.
    pub identity: AgentIdentity,
    /// The folders that it works on, as URIs or paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// What was said before. Only a skill that is granted it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Value>,
}

/// A call to observe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceRequest {
    /// The call.
    pub call: ExecRequest,
    /// How the skill may use the workspace meanwhile.
    pub access: FileAccess,
}

/// The arguments of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arguments {
    /// In order.
    Positional(Vec<Value>),
    /// By name.
    Named(Map<String, Value>),
}

impl Arguments {
    /// Checks that every argument fits into a message.
    ///
    /// # Errors
    /// When one is nested deeper than [`crate::MAX_NESTING`].
    pub fn check(&self) -> Result<(), InvalidValue> {
        match self {
            Self::Positional(list) => list.iter().try_for_each(check_nesting),
            Self::Named(members) => members.values().try_for_each(check_nesting),
        }
    }
}

/// Conditions a skill must meet; absent ones are met by all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchRequest {
    /// Words to find in name, tags, keywords and description.
    pub text: Option<String>,
    /// Part of the name.
    pub name: Option<String>,
    /// Tags, all of which it must have.
    pub tags: Vec<String>,
    /// Part of the author's name.
    pub author: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// The least version.
    pub min_version: Option<String>,
    /// The greatest version.
    pub max_version: Option<String>,
    /// How many at most; 0 means 50.
    pub limit: usize,
}

/// What is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "target", rename_all = "kebab-case")]
pub enum TrustRequest {
    /// The request's workspace.
    Workspace,
    /// What one skill asks for.
    Skill {
        /// The skill.
        skill: SkillSelector,
        /// The content whose permissions the person was shown; nothing is granted to any other.
        digest: Digest,
        /// What they said.
        answer: Answer,
    },
}

/// Whose trust is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "target", rename_all = "kebab-case")]
pub enum TrustTarget {
    /// The request's workspace.
    Workspace,
    /// One skill, whatever its content.
    Skill {
        /// The skill.
        skill: SkillSelector,
    },
}
