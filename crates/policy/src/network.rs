//! The part of a policy that is about hosts.

use serde::Deserialize;
use serde::Serialize;

/// Where the broker's proxy listens inside a worker's network.
pub const PROXY_PORT: u16 = 3128;

/// The hosts a worker may talk to. With nothing in [`allow`](Self::allow) it has no network at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPolicy {
    /// What is granted.
    pub allow: Vec<NetworkGrant>,
    /// Hosts that are refused whoever granted them, as patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
    /// Secrets it may use without seeing them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretGrant>,
}

/// A secret that a worker may use at some hosts. Its value is nowhere in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretGrant {
    /// Its name.
    pub name: String,
    /// What the worker has in its place.
    pub placeholder: String,
    /// Where it may go, as patterns; empty means every host that is granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

/// Granted hosts, and what may be asked of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkGrant {
    /// `host`, `host:port`, `*.domain` or `*.domain:port`; without a port, every port.
    pub hosts: Vec<String>,
    /// HTTP methods; empty means all, and connections that are not HTTP too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

impl NetworkPolicy {
    /// Whether the worker has no network.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.iter().all(|grant| grant.hosts.is_empty())
    }
}
