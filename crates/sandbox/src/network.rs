//! A worker's network, as its supervisor asks for it and gets it.

use std::os::fd::OwnedFd;

use serde::Deserialize;
use serde::Serialize;

use crate::SandboxError;

/// Where look-ups arrive, at 127.0.0.1.
pub(crate) const LOOKUP_PORT: u16 = 53;

/// The most ports of one worker.
pub(crate) const MAX_PORTS: usize = 64;

/// The ports at which connections to any address arrive at the supervisor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPorts {
    /// The ports; at most 64.
    pub direct: Vec<u16>,
    /// Whether addresses of IPv6 are among those that are the worker's own. Without, they are unreachable.
    pub with_version_6: bool,
    /// The port at which a proxy is asked, at 127.0.0.1.
    pub proxy: u16,
}

impl NetworkPorts {
    /// The ports, each once.
    pub(crate) fn checked(mut self) -> Result<Self, SandboxError> {
        self.direct.sort_unstable();
        self.direct.dedup();
        self.direct.retain(|port| *port != self.proxy);
        if self.direct.len() > MAX_PORTS {
            return Err(SandboxError::TooManyPorts {
                count: self.direct.len(),
                limit: MAX_PORTS,
            });
        }
        Ok(self)
    }
}

/// The sockets at which everything in a worker's network arrives. They were made inside it and belong to it
/// wherever they are used.
#[derive(Debug)]
pub struct WorkerNetwork {
    /// A datagram socket at port 53, where look-ups arrive.
    pub lookups: OwnedFd,
    /// A listening socket, where a proxy is asked.
    pub proxy: OwnedFd,
    /// Listening sockets, one or two for each port.
    pub direct: Vec<OwnedFd>,
}

impl WorkerNetwork {
    pub(crate) fn from_descriptors(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        Some(Self {
            lookups: descriptors.next()?,
            proxy: descriptors.next()?,
            direct: descriptors.collect(),
        })
    }
}
