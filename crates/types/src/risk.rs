//! What can go wrong when a permission is granted.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::FileAccess;
use crate::Permission;

/// How much a permission puts at stake. Ordered: more is greater.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Little that is not meant to be seen or changed.
    Low,
    /// Something of worth, within bounds that the permission names.
    Medium,
    /// More than the permission's own words can bound.
    High,
}

impl Risk {
    /// The risk as `info --json` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Parts of variables' names that hold what opens something.
const SECRETIVE: [&str; 8] = [
    "TOKEN",
    "SECRET",
    "PASS",
    "KEY",
    "CREDENTIAL",
    "AUTH",
    "COOKIE",
    "SESSION",
];

impl Permission {
    /// How much granting this puts at stake, as far as its words tell.
    #[must_use]
    pub fn risk(&self) -> Risk {
        match self {
            Self::Filesystem { paths, access } => {
                let place = paths.iter().map(|path| Place::of(path)).max();
                match (place, access) {
                    (None | Some(Place::Workspace), FileAccess::Read) => Risk::Low,
                    (None | Some(Place::Workspace), FileAccess::Write)
                    | (Some(Place::Elsewhere), FileAccess::Read) => Risk::Medium,
                    (Some(Place::Elsewhere), FileAccess::Write) | (Some(Place::Sensitive), _) => {
                        Risk::High
                    }
                }
            }
            Self::Network { hosts, .. } => {
                if hosts.iter().any(|host| host.starts_with("*.")) {
                    Risk::High
                } else {
                    Risk::Medium
                }
            }
            Self::Environment { variables } => {
                let is_secretive = |name: &String| {
                    let name = name.to_uppercase();
                    SECRETIVE.iter().any(|part| name.contains(part))
                };
                if variables.iter().any(is_secretive) {
                    Risk::High
                } else {
                    Risk::Low
                }
            }
            Self::Git { access } => match access {
                FileAccess::Read => Risk::Medium,
                FileAccess::Write => Risk::High,
            },
            Self::Skill { .. } | Self::Context { .. } => Risk::Medium,
            Self::Process { .. } | Self::Mcp { .. } | Self::Secret { .. } => Risk::High,
        }
    }

    /// The key of the sentence that says what can go wrong.
    #[must_use]
    pub fn risk_key(&self) -> &'static str {
        match self {
            Self::Filesystem { access, .. } => match access {
                FileAccess::Read => "risk-filesystem-read",
                FileAccess::Write => "risk-filesystem-write",
            },
            Self::Network { .. } => "risk-network",
            Self::Process { .. } => "risk-process",
            Self::Environment { .. } => "risk-environment",
            Self::Mcp { .. } => "risk-mcp",
            Self::Skill { .. } => "risk-skill",
            Self::Git { .. } => "risk-git",
            Self::Secret { .. } => "risk-secret",
            Self::Context { .. } => "risk-context",
        }
    }
}

/// Where a path is, from its text. Ordered by what is at stake there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Workspace,
    Elsewhere,
    /// A whole home folder or disk, or a name with a dot, where programs keep settings and keys.
    Sensitive,
}

impl Place {
    fn of(path: &str) -> Self {
        let parts = || {
            path.split('/')
                .filter(|part| !part.is_empty() && *part != ".")
        };
        let is_whole = parts().all(|part| part == "~" || part == "..");
        let is_inside = !path.starts_with(['/', '~']) && parts().all(|part| part != "..");
        if parts().any(|part| part.starts_with('.') && part != "..") || (!is_inside && is_whole) {
            Self::Sensitive
        } else if is_inside {
            Self::Workspace
        } else {
            Self::Elsewhere
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    fn risk(permission: Value) -> Risk {
        serde_json::from_value::<Permission>(permission)
            .unwrap()
            .risk()
    }

    #[test]
    fn more_reach_is_more_risk() {
        for (path, read, write) in [
            (".", Risk::Low, Risk::Medium),
            ("./output", Risk::Low, Risk::Medium),
            ("a/../../b", Risk::Medium, Risk::High),
            ("/var/data", Risk::Medium, Risk::High),
            ("~/notes", Risk::Medium, Risk::High),
            ("./.git/hooks", Risk::High, Risk::High),
            ("~/.ssh", Risk::High, Risk::High),
            ("~", Risk::High, Risk::High),
            ("/", Risk::High, Risk::High),
            ("../..", Risk::High, Risk::High),
        ] {
            let files = |access: &str| json!({"type": "filesystem", "paths": ["./a", path], "access": access});
            assert_eq!(risk(files("read")), read, "{path}");
            assert_eq!(risk(files("write")), write, "{path}");
        }
        let hosts = |host: &str| json!({"type": "network", "hosts": [host]});
        assert_eq!(risk(hosts("api.example.com")), Risk::Medium);
        assert_eq!(risk(hosts("*.example.com")), Risk::High);
        let variable = |name: &str| json!({"type": "environment", "variables": [name]});
        assert_eq!(risk(variable("LANG")), Risk::Low);
        assert_eq!(risk(variable("GITHUB_TOKEN")), Risk::High);
    }
}
