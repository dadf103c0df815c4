//! Why something is refused, and what would allow it.

use std::fmt;
use std::net::IpAddr;

use mycelium_types::Permission;
use serde::Deserialize;
use serde::Serialize;

use crate::AddressKind;
use crate::Method;

/// Something a skill tried and may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The host, as it is compared; if it is no host, what was given instead, shortened and printable.
    pub host: String,
    /// The port; a look-up has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The method, if the broker saw one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Why.
    pub reason: RefusalReason,
}

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RefusalReason {
    /// No grant is about the host.
    HostNotGranted,
    /// Grants are about the host, at other ports.
    PortNotGranted,
    /// Grants are about the host and the port, with other methods.
    MethodNotGranted {
        /// The methods granted.
        granted: Vec<String>,
    },
    /// Methods are limited, and the connection does not show which one it uses.
    MethodUnseen {
        /// The methods granted.
        granted: Vec<String>,
    },
    /// The configuration refuses the host to every skill.
    Denied {
        /// The configuration's pattern.
        pattern: String,
    },
    /// The name leads to an address that is not of the internet, and is not granted itself.
    AddressNotGranted {
        /// The address.
        address: IpAddr,
        /// What kind of place it is.
        place: AddressKind,
    },
    /// What was given is not a host.
    NotAHost,
    /// The address stands for no name that was looked up.
    NeverLookedUp,
    /// The connection is for one host and the TLS greeting or the request for another.
    OtherHost {
        /// The host that the connection is for.
        connected: String,
    },
    /// The TLS greeting does not say which server it is for.
    NoServerName,
    /// The first bytes are neither a TLS greeting nor an HTTP/1 request.
    NotUnderstood,
    /// The request could be read in two ways, or not at all.
    Ambiguous {
        /// What is wrong with it.
        detail: String,
    },
    /// The request asks to turn the connection into something else.
    Upgrade {
        /// What into.
        protocol: String,
    },
}

impl Refusal {
    /// The permission that would allow it; `None` if none would.
    #[must_use]
    pub fn allowing(&self) -> Option<Permission> {
        let place = |host: &str| match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let (hosts, methods) = match &self.reason {
            RefusalReason::HostNotGranted | RefusalReason::PortNotGranted => {
                (vec![place(&self.host)], Vec::new())
            }
            RefusalReason::MethodNotGranted { granted } => {
                let mut methods = granted.clone();
                methods.extend(self.method.iter().map(Method::to_string));
                (vec![place(&self.host)], methods)
            }
            RefusalReason::MethodUnseen { .. } => (vec![place(&self.host)], Vec::new()),
            RefusalReason::AddressNotGranted { address, .. } => {
                let address = place(&crate::Host::from(*address).to_string());
                let mut hosts = vec![place(&self.host)];
                if hosts[0] != address {
                    hosts.push(address);
                }
                (hosts, Vec::new())
            }
            RefusalReason::Denied { .. }
            | RefusalReason::NotAHost
            | RefusalReason::NeverLookedUp
            | RefusalReason::OtherHost { .. }
            | RefusalReason::NoServerName
            | RefusalReason::NotUnderstood
            | RefusalReason::Ambiguous { .. }
            | RefusalReason::Upgrade { .. } => return None,
        };
        Some(Permission::Network { hosts, methods })
    }

    /// `host`, or `host:port`.
    #[must_use]
    pub fn place(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// One sentence without a full stop, with the place in it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(method) = &self.method {
            write!(f, "{method} ")?;
        }
        write!(f, "{}: {}", self.place(), self.reason)
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostNotGranted => f.write_str("no permission names this host"),
            Self::PortNotGranted => f.write_str("the permission for this host is for other ports"),
            Self::MethodNotGranted { granted } => {
                write!(f, "the permission is for {} only", granted.join(", "))
            }
            Self::MethodUnseen { granted } => write!(
                f,
                "the permission is for {} only, and this connection does not show its methods; of TLS, \
                 `network.readTls` in the configuration lets the broker see them",
                granted.join(", ")
            ),
            Self::Denied { pattern } => {
                write!(f, "the configuration denies `{pattern}` to every skill")
            }
            Self::AddressNotGranted { address, place } => write!(
                f,
                "it leads to {address}, which is not on the internet ({place}) and not granted itself"
            ),
            Self::NotAHost => f.write_str("this is not a host"),
            Self::NeverLookedUp => f.write_str("no permission names this address"),
            Self::OtherHost { connected } => {
                write!(f, "the connection was made for {connected}")
            }
            Self::NoServerName => f.write_str("the TLS greeting names no server"),
            Self::NotUnderstood => f.write_str("the connection speaks neither TLS nor HTTP/1"),
            Self::Ambiguous { detail } => write!(f, "the request is ambiguous: {detail}"),
            Self::Upgrade { protocol } => {
                write!(f, "the request asks for another protocol, {protocol}")
            }
        }
    }
}
