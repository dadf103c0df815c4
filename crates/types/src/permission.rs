//! What a skill may ask for.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::manifest::text;

/// The variable that moves what Claude Code keeps of a person out of `~/.claude`.
pub const CLAUDE_FOLDER_VARIABLE: &str = "CLAUDE_CONFIG_DIR";

/// One entry of a manifest's `permissions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PermissionRequest {
    /// What is asked for.
    #[serde(flatten)]
    pub permission: Permission,
    /// What it is for, in the author's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = text::MAX_REASON), regex(pattern = text::LINE))]
    pub reason: Option<String>,
}

/// Something a skill may be allowed.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Permission {
    /// Files and folders. `./x` is relative to the workspace.
    Filesystem {
        /// Paths, as written.
        #[schemars(length(min = 1), inner(regex(pattern = text::LINE)))]
        paths: Vec<String>,
        /// Whether they may be changed.
        access: FileAccess,
    },
    /// Hosts to talk to.
    Network {
        /// `host`, `host:port` or `*.domain`.
        #[schemars(length(min = 1), inner(regex(pattern = text::HOST)))]
        hosts: Vec<String>,
        /// HTTP methods; empty means all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(inner(regex(pattern = text::HTTP_METHOD)))]
        methods: Vec<String>,
    },
    /// Programs to start.
    Process {
        /// Names of programs.
        #[schemars(length(min = 1), inner(regex(pattern = text::LINE)))]
        commands: Vec<String>,
    },
    /// Environment variables to see.
    Environment {
        /// Names of variables.
        #[schemars(length(min = 1), inner(regex(pattern = text::VARIABLE)))]
        variables: Vec<String>,
    },
    /// Other MCP servers.
    Mcp {
        /// Names of servers.
        #[schemars(length(min = 1), inner(regex(pattern = text::LINE)))]
        servers: Vec<String>,
        /// Names of tools; `*` means all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(inner(regex(pattern = text::LINE)))]
        tools: Vec<String>,
    },
    /// Other skills.
    Skill {
        /// `name` or `name@range`.
        #[schemars(length(min = 1), inner(regex(pattern = text::SKILL_REFERENCE)))]
        skills: Vec<String>,
    },
    /// The workspace's repository.
    Git {
        /// Whether it may be changed.
        access: FileAccess,
    },
    /// Stored secrets, by reference.
    Secret {
        /// Names of secrets, which are those of the variables that hold their placeholders.
        #[schemars(length(min = 1), inner(regex(pattern = text::VARIABLE)))]
        names: Vec<String>,
        /// `host`, `host:port` or `*.domain` they are for; empty means all that are granted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(inner(regex(pattern = text::HOST)))]
        hosts: Vec<String>,
    },
    /// What the agent knows.
    Context {
        /// Names of context fields.
        #[schemars(length(min = 1), inner(regex(pattern = text::LINE)))]
        fields: Vec<String>,
    },
}

/// Whether something may only be read or also changed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FileAccess {
    /// Read.
    Read,
    /// Read and change.
    Write,
}

impl FileAccess {
    /// The access as a manifest writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Permission {
    /// Every `type` there is.
    pub const KINDS: [&str; 9] = [
        "filesystem",
        "network",
        "process",
        "environment",
        "mcp",
        "skill",
        "git",
        "secret",
        "context",
    ];

    /// The `type` of the entry.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Filesystem { .. } => "filesystem",
            Self::Network { .. } => "network",
            Self::Process { .. } => "process",
            Self::Environment { .. } => "environment",
            Self::Mcp { .. } => "mcp",
            Self::Skill { .. } => "skill",
            Self::Git { .. } => "git",
            Self::Secret { .. } => "secret",
            Self::Context { .. } => "context",
        }
    }
}

/// In words, as `info` shows it: `filesystem: write access to ./output`.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind())?;
        match self {
            Self::Filesystem { paths, access } => {
                write!(f, "{} access to {}", access.as_str(), paths.join(", "))
            }
            Self::Network { hosts, methods } if methods.is_empty() => {
                write!(f, "requests to {}", hosts.join(", "))
            }
            Self::Network { hosts, methods } => {
                write!(f, "{} requests to {}", methods.join(", "), hosts.join(", "))
            }
            Self::Process { commands } => write!(f, "runs {}", commands.join(", ")),
            Self::Environment { variables } => write!(f, "sees {}", variables.join(", ")),
            Self::Mcp { servers, tools } if tools.is_empty() => {
                write!(f, "calls {}", servers.join(", "))
            }
            Self::Mcp { servers, tools } => {
                write!(f, "calls {} of {}", tools.join(", "), servers.join(", "))
            }
            Self::Skill { skills } => write!(f, "calls {}", skills.join(", ")),
            Self::Git { access } => write!(f, "{} access to the repository", access.as_str()),
            Self::Secret { names, hosts } if hosts.is_empty() => {
                write!(f, "uses {}", names.join(", "))
            }
            Self::Secret { names, hosts } => {
                write!(f, "uses {} at {}", names.join(", "), hosts.join(", "))
            }
            Self::Context { fields } => write!(f, "sees {}", fields.join(", ")),
        }
    }
}
