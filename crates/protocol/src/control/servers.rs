//! Other MCP servers: what is asked about them and of them.

use std::fmt;
use std::path::PathBuf;

use mycelium_types::Diagnostic;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

/// A call of a server's tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolRequest {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The arguments.
    pub arguments: Map<String, Value>,
    /// A shorter time limit than the server's own, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// What came of a call of a server's tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolReport {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The result as the protocol has it: `content`, and `structuredContent` if there is one.
    pub result: Value,
    /// How long it took.
    pub milliseconds: f64,
}

/// The servers there are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServersReport {
    /// The servers, by name.
    pub servers: Vec<ServerSummary>,
    /// What is wrong with the files that name them.
    pub problems: Vec<Diagnostic>,
}

/// One server, without asking it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerSummary {
    /// Its name.
    pub name: String,
    /// Who brought it: `configuration`, `agent-project`, `agent`, `project`, `plugin`.
    pub origin: String,
    /// The file that says so.
    pub file: PathBuf,
    /// How it is reached: `stdio` or `http`.
    pub transport: String,
    /// The program and its arguments, or the URL.
    pub target: String,
    /// How it is now.
    pub state: ServerState,
}

/// How a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// Nobody is connected; it is started when it is needed.
    Idle,
    /// There is a connection, which everybody shares.
    Connected,
    /// It failed repeatedly and is left alone for a while.
    Refused,
    /// The project brought it, and nobody trusts the project.
    Untrusted,
    /// It is reached in a way that this version cannot.
    Unsupported,
}

impl ServerState {
    /// The state as JSON writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connected => "connected",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerDescription {
    /// Its name here.
    pub server: String,
    /// What it calls itself.
    pub title: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The revision of the protocol that is spoken with it.
    pub protocol: String,
    /// What it can, as the protocol has it.
    pub capabilities: Value,
    /// What it says to models.
    pub instructions: Option<String>,
    /// Its tools, in its order.
    pub tools: Vec<ServerTool>,
    /// Its resources, as the protocol has them.
    pub resources: Vec<Value>,
}

/// A tool of a server. Whatever is said here is the server's word and nobody else's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerTool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    pub input_schema: Value,
    /// The JSON Schema of its structured result.
    pub output_schema: Option<Value>,
    /// What it says of its effects, as the protocol has it.
    pub annotations: Option<Value>,
}
