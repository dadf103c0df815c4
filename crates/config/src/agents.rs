//! This program in the configuration of agents: which file it is, which entry, and how it gets there.
//!
//! Only the one entry is touched. What else is in a file (comments, order, other servers, keys nobody here knows)
//! stays as it is, what cannot be understood is never written over, and what was there before is kept.

mod change;
mod json;
mod toml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use serde::Serialize;

pub use change::EntryChange;
pub use change::EntryOutcome;

use crate::ClaudeHome;
use crate::ConfigError;

/// The name of this program's entry among the servers of an agent.
///
/// Tools are called `mcp__mycelium__TOOL` by it, of which models take 64 characters.
pub const SERVER_NAME: &str = "mycelium";

/// A program that speaks MCP as a client and whose configuration is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentClient {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    Vscode,
}

impl AgentClient {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Claude, Self::Codex, Self::Cursor, Self::Vscode];

    /// The word for it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
        }
    }

    fn form(self) -> Form {
        match self {
            Self::Claude | Self::Cursor => Form::Json {
                servers: "mcpServers",
            },
            Self::Vscode => Form::Json { servers: "servers" },
            Self::Codex => Form::Toml,
        }
    }
}

impl fmt::Display for AgentClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a client writes its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// JSON with comments; the servers are members of this one.
    Json { servers: &'static str },
    /// TOML; the servers are tables below `mcp_servers`.
    Toml,
}

/// Whom an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentScope {
    /// All projects of the person.
    User,
    /// Everybody who works in one project.
    Project,
}

impl AgentScope {
    /// Both.
    pub const ALL: [Self; 2] = [Self::User, Self::Project];

    /// The word for it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

impl fmt::Display for AgentScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an agent starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerEntry {
    /// The program, an absolute path: agents need not have the person's `PATH`.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables it gets beside those that the agent gives to all its servers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// The file in which a client keeps its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFile {
    /// Whose it is.
    pub client: AgentClient,
    /// For whom it holds.
    pub scope: AgentScope,
    /// Where it is.
    pub path: PathBuf,
}

/// Where Codex keeps what is a person's: `~/.codex`, or the folder that `CODEX_HOME` names with an absolute path.
#[must_use]
pub fn codex_home(home: &Path, environment: &BTreeMap<String, String>) -> PathBuf {
    moved(environment, "CODEX_HOME").unwrap_or_else(|| home.join(".codex"))
}

/// The folder that a variable names with an absolute path.
fn moved(environment: &BTreeMap<String, String>, name: &str) -> Option<PathBuf> {
    let folder = environment.get(name).map(PathBuf::from);
    folder.filter(|folder| folder.is_absolute())
}

impl AgentFile {
    /// The file of a client, in the workspace or for the person with this home and environment.
    ///
    /// Places are those of the clients' documentation as of November 2026.
    #[must_use]
    pub fn of(
        client: AgentClient,
        scope: AgentScope,
        workspace: &Path,
        home: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        let path = match (client, scope) {
            (AgentClient::Claude, AgentScope::User) => {
                ClaudeHome::of(home, workspace, environment).state
            }
            (AgentClient::Claude, AgentScope::Project) => workspace.join(".mcp.json"),
            (AgentClient::Codex, AgentScope::User) => {
                codex_home(home, environment).join("config.toml")
            }
            (AgentClient::Codex, AgentScope::Project) => workspace.join(".codex/config.toml"),
            (AgentClient::Cursor, AgentScope::User) => home.join(".cursor/mcp.json"),
            (AgentClient::Cursor, AgentScope::Project) => workspace.join(".cursor/mcp.json"),
            (AgentClient::Vscode, AgentScope::User) => moved(environment, "XDG_CONFIG_HOME")
                .unwrap_or_else(|| home.join(".config"))
                .join("Code/User/mcp.json"),
            (AgentClient::Vscode, AgentScope::Project) => workspace.join(".vscode/mcp.json"),
        };
        Self {
            client,
            scope,
            path,
        }
    }

    /// This program's entry, if the file has one.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn entry(&self) -> Result<Option<ServerEntry>, ConfigError> {
        let Some(text) = change::read(&self.path)? else {
            return Ok(None);
        };
        match self.client.form() {
            Form::Json { servers } => json::find(&self.path, &text, servers),
            Form::Toml => toml::find(&self.path, &text),
        }
    }

    /// Writes this program's entry; what the file had before is kept in the folder `backups`.
    ///
    /// # Errors
    /// The file cannot be understood, which leaves it as it is; or it cannot be read or written.
    pub fn install(&self, entry: &ServerEntry, backups: &Path) -> Result<EntryChange, ConfigError> {
        change::apply(self, backups, |text| match self.client.form() {
            Form::Json { servers } => {
                json::set(&self.path, text, servers, entry, self.names_kind())
            }
            Form::Toml => toml::set(&self.path, text, entry),
        })
    }

    /// Removes this program's entry; what the file had before is kept in the folder `backups`.
    ///
    /// # Errors
    /// As [`Self::install`].
    pub fn uninstall(&self, backups: &Path) -> Result<EntryChange, ConfigError> {
        change::apply(self, backups, |text| match self.client.form() {
            Form::Json { servers } => json::remove(&self.path, text, servers),
            Form::Toml => toml::remove(&self.path, text),
        })
    }

    /// What a file with nothing but this entry says, to be pasted by hand.
    ///
    /// # Errors
    /// None, in fact: an empty file can always be written to.
    pub fn snippet(&self, entry: &ServerEntry) -> Result<String, ConfigError> {
        match self.client.form() {
            Form::Json { servers } => {
                json::set(&self.path, None, servers, entry, self.names_kind())
            }
            Form::Toml => toml::set(&self.path, None, entry),
        }
    }

    /// Whether entries say that they are started and spoken to on standard streams.
    fn names_kind(&self) -> json::Kind {
        match self.client {
            AgentClient::Claude | AgentClient::Vscode => json::Kind::Named,
            AgentClient::Cursor | AgentClient::Codex => json::Kind::Understood,
        }
    }
}
