//! The part of a decision that the runtime enforces by itself: what it does for a skill that asks it.

use serde::Deserialize;
use serde::Serialize;

/// What the runtime does for a skill, beyond what it does for every skill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPolicy {
    /// Tools of MCP servers that it may call.
    pub mcp: Vec<McpGrant>,
    /// Skills that it may call, as its manifest names them: `name` or `name@range`.
    pub skills: Vec<String>,
    /// Whether it is told what was said before, where an agent tells that.
    pub conversation: bool,
}

/// Tools of MCP servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpGrant {
    /// The servers' names.
    pub servers: Vec<String>,
    /// The tools' names; `*`, or none at all, means every tool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
}

impl HostPolicy {
    /// Whether the skill may use a server at all.
    #[must_use]
    pub fn allows_server(&self, server: &str) -> bool {
        self.grants_of(server).next().is_some()
    }

    /// Whether the skill may call a tool of a server.
    #[must_use]
    pub fn allows_tool(&self, server: &str, tool: &str) -> bool {
        self.grants_of(server).any(|grant| {
            grant.tools.is_empty()
                || grant
                    .tools
                    .iter()
                    .any(|known| known == "*" || known == tool)
        })
    }

    fn grants_of<'a>(&'a self, server: &'a str) -> impl Iterator<Item = &'a McpGrant> {
        let named = move |grant: &&McpGrant| grant.servers.iter().any(|known| known == server);
        self.mcp.iter().filter(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_granted_by_server_and_name() {
        let grant = |servers: &[&str], tools: &[&str]| McpGrant {
            servers: servers.iter().map(ToString::to_string).collect(),
            tools: tools.iter().map(ToString::to_string).collect(),
        };
        let policy = HostPolicy {
            mcp: vec![
                grant(&["time"], &["now"]),
                grant(&["git", "files"], &["*"]),
                grant(&["all"], &[]),
            ],
            ..HostPolicy::default()
        };
        assert!(policy.allows_tool("time", "now") && !policy.allows_tool("time", "then"));
        assert!(policy.allows_tool("files", "x") && policy.allows_tool("all", "x"));
        assert!(policy.allows_server("git") && !policy.allows_server("*"));
        assert!(!HostPolicy::default().allows_tool("time", "now"));
    }
}
