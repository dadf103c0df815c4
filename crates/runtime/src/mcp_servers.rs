//! Other MCP servers, as skills use them: who asks, what is asked, and who does it.
//!
//! The runtime speaks no MCP. Whoever owns it and can gives it an [`McpServers`] with
//! [`SkillRuntime::connect_mcp`](crate::SkillRuntime::connect_mcp); what a skill may ask is decided before that is asked.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use mycelium_policy::HostPolicy;
use mycelium_policy::WorkspaceTrust;
pub use mycelium_protocol::worker::McpOperation;
use mycelium_types::ErrorReport;
use mycelium_types::SkillId;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::EventSink;
use crate::workspace::Workspace;

/// What becomes of a request to a server.
pub type McpAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<Box<RawValue>, ErrorReport>> + Send + 'a>>;

/// Speaks to MCP servers for skills.
///
/// Calls come from many skills at once and are answered in any order. A future that is dropped is a call that was
/// cancelled: its skill has ended, or the person has gone. One that takes until [`McpCaller::deadline`] is dropped too.
/// An answer goes into one message to the worker, so it should be bounded.
pub trait McpServers: Send + Sync {
    /// Performs a request that the skill is allowed to make, and gives what the skill gets: the protocol's own result.
    ///
    /// For [`McpOperation::Servers`] that is a list of what the skill may use of what there is; the operations on tools
    /// and resources name a server. Lists are cut down to the granted tools by whoever implements this, with
    /// [`McpCaller::policy`].
    ///
    /// # Errors
    /// What the skill's call fails with, code and remedy included.
    fn request(&self, caller: McpCaller, request: McpRequest) -> McpAnswer<'_>;
}

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct McpRequest {
    /// The server's name; none where all servers are asked about.
    pub server: Option<String>,
    /// What is asked.
    pub operation: McpOperation,
    /// The parameters of the protocol's own request: an object, or nothing.
    pub params: serde_json::Map<String, serde_json::Value>,
}

/// The skill that asks, and for whom.
#[derive(Clone)]
pub struct McpCaller {
    /// The skill.
    pub skill: SkillId,
    /// What it may use.
    pub policy: HostPolicy,
    /// The session, unless the call has none: one agent, or the shells of a workspace.
    pub session: Option<String>,
    /// The trace that the call is part of.
    pub trace: String,
    /// When the skill's own time is up.
    pub deadline: Instant,
    /// Takes what is to be told to whoever waits for the skill.
    pub events: EventSink,
    pub(crate) workspace: Arc<Workspace>,
}

impl McpCaller {
    /// The workspace's folder.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace.path
    }

    /// The person's home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.workspace.home
    }

    /// The client's environment.
    #[must_use]
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.workspace.environment
    }

    /// Whether the person trusts the workspace, whose files may name servers.
    #[must_use]
    pub fn trusts_workspace(&self) -> bool {
        self.workspace.trust() == WorkspaceTrust::Trusted
    }

    /// Whether nothing may be fetched.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.workspace.offline
    }
}
