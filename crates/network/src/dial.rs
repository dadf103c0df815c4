//! Connecting: one look-up, every address judged alone, the first allowed one that answers.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Gate;
use crate::Host;
use crate::NetworkError;
use crate::RefusalReason;
use crate::Resolve;

/// Addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 16;

/// Connects to `port` of `host`.
///
/// The name is looked up here and once, and what is connected to is an address that was judged: a name
/// that leads elsewhere a moment later (DNS rebinding) leads nowhere.
pub(crate) async fn dial(
    gate: &Gate,
    resolver: &dyn Resolve,
    host: &Host,
    port: u16,
    limit: Duration,
) -> Result<(TcpStream, IpAddr), NetworkError> {
    let attempt = async {
        let mut allowed = Vec::new();
        let mut refused = None;
        for address in addresses(resolver, host).await? {
            match gate.judge_address(address, port) {
                Ok(()) => allowed.push(address),
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        if allowed.is_empty() {
            return Err(match refused {
                Some(reason) => refusal(host, port, reason),
                None => NetworkError::NoAddress {
                    host: host.to_string(),
                },
            });
        }
        connect_first(&allowed, port, limit / 2)
            .await
            .map_err(|source| NetworkError::Unreachable {
                place: format!("{host}:{port}"),
                source,
            })
    };
    timeout(limit, attempt).await.unwrap_or_else(|_| {
        Err(NetworkError::TimedOut {
            place: format!("{host}:{port}"),
            limit,
        })
    })
}

async fn addresses(resolver: &dyn Resolve, host: &Host) -> Result<Vec<IpAddr>, NetworkError> {
    match host {
        Host::Address(address) => Ok(vec![*address]),
        Host::Name(name) => {
            let found = resolver.resolve(name).await;
            let mut found = found.map_err(|source| NetworkError::Unresolved {
                host: name.to_string(),
                source,
            })?;
            found.truncate(MAX_ADDRESSES);
            Ok(found.into_iter().map(|one| one.to_canonical()).collect())
        }
    }
}

/// The first of `addresses` that answers, each having `patience`; there is at least one.
async fn connect_first(
    addresses: &[IpAddr],
    port: u16,
    patience: Duration,
) -> io::Result<(TcpStream, IpAddr)> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        let connecting = TcpStream::connect(SocketAddr::new(*address, port));
        match timeout(patience, connecting).await {
            Ok(Ok(stream)) => {
                // Whoever talks to the host decides what is sent together, not this machine's kernel.
                stream.set_nodelay(true)?;
                // A host that is gone without a word must not keep its place for ever.
                rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                return Ok((stream, *address));
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

fn refusal(host: &Host, port: u16, reason: RefusalReason) -> NetworkError {
    NetworkError::Refused(Gate::refusal(host, port, None, reason))
}
