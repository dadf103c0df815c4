//! Connections of programs that know nothing of us.

use std::net::IpAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::Attempt;
use crate::Connection;
use crate::Host;
use crate::HostName;
use crate::Protocol;
use crate::RefusalReason;
use crate::http::RequestHead;
use crate::http::Target;
use crate::opening::Opening;
use crate::serve::Door;
use crate::serve::Place;
use crate::serve::client::Begins;
use crate::serve::client::Client;
use crate::serve::client::Speech;
use crate::serve::client::Stream;
use crate::serve::exchange::Asked;
use crate::serve::exchange::Outward;

/// The ports where nothing but TLS and HTTP is spoken.
const WEB_PORTS: [u16; 2] = [80, 443];

impl Door {
    /// Serves a connection to an address: that of a name that was looked up, or one that was written down.
    pub(super) async fn serve_direct(&self, stream: TcpStream) {
        let Ok(local) = stream.local_addr() else {
            return;
        };
        let (address, port) = (local.ip().to_canonical(), local.port());
        let host = self.shared.names.host_at(address);
        let client = Client::new(stream);
        match host {
            Some(host) => self.converse(client, Place { host, port }).await,
            None => {
                let place = Place {
                    host: Host::Address(address),
                    port,
                };
                self.tell_refused(Protocol::Tcp, &place, None, RefusalReason::NeverLookedUp);
                client.reset();
            }
        }
    }

    /// Serves a connection for `place`, whatever is spoken on it.
    pub(super) async fn converse(&self, mut client: Client, place: Place) {
        let gate = &self.shared.gate;
        let granted = gate.judge_place(&place.host, place.port);
        let web_only = WEB_PORTS.contains(&place.port)
            || granted.is_err()
            || gate.limits_methods(&place.host, place.port);
        let speech = if web_only { Speech::Web } else { Speech::Any };
        let mut early = None;
        loop {
            match client.opening(speech).await {
                Begins::Gone => {
                    // Somebody who only wanted to know whether a port answers learns it here.
                    if let Err(reason) = granted {
                        self.tell_refused(Protocol::Tcp, &place, None, reason);
                    }
                    return;
                }
                Begins::With(opening) => {
                    return self.go_on(client, place, opening, early).await;
                }
                Begins::Opaque if client.buffer.is_empty() && early.is_none() => {
                    let Some(mut upstream) = self.open(attempt(&place)).await else {
                        return client.reset();
                    };
                    // Mail, files and databases: the host greets first. Until it has, the client may still
                    // turn out to speak TLS or HTTP.
                    let mut greeting = vec![0; 4096];
                    tokio::select! {
                        biased;
                        filled = client.fill() => match filled {
                            Ok(0) | Err(_) => return,
                            Ok(_) => early = Some(upstream),
                        },
                        read = upstream.read(&mut greeting) => match read {
                            Ok(length @ 1..) => {
                                return self.tunnel(client, upstream, &greeting[..length]).await;
                            }
                            Ok(0) | Err(_) => return,
                        },
                    }
                }
                Begins::Opaque => {
                    let upstream = match early {
                        Some(upstream) => Some(upstream),
                        None => self.open(attempt(&place)).await,
                    };
                    return match upstream {
                        Some(upstream) => self.tunnel(client, upstream, &[]).await,
                        None => client.reset(),
                    };
                }
            }
        }
    }

    /// Goes on with a conversation whose opening was understood. `early` is a connection that was made
    /// while the client was silent.
    async fn go_on(
        &self,
        client: Client,
        place: Place,
        opening: Opening,
        early: Option<Connection>,
    ) {
        match opening {
            Opening::Tls(name) => self.pass_tls(client, &place, name, early).await,
            Opening::Http(head, length) => {
                self.pass_request(client, &place, (*head, length), early, Outward::Plain)
                    .await;
            }
            Opening::BadTls => {
                let detail = "its TLS greeting".to_owned();
                self.refuse_tls(client, &place, RefusalReason::Ambiguous { detail })
                    .await;
            }
            Opening::BadHttp(bad) => self.refuse_http(client, &place, None, bad.into()).await,
            Opening::Other | Opening::Unknown | Opening::Begun => {
                self.tell_refused(Protocol::Tcp, &place, None, RefusalReason::NotUnderstood);
                client.reset();
            }
        }
    }

    async fn pass_tls(
        &self,
        client: Client,
        place: &Place,
        name: Option<HostName>,
        early: Option<Connection>,
    ) {
        let reason = match (&place.host, &name) {
            (Host::Name(host), Some(name)) if host == name => None,
            // A certificate for an address is asked for without a name.
            (Host::Address(_), None) => None,
            (Host::Address(address), Some(name)) if is_own_name(*address, name) => None,
            (Host::Name(_), None) => Some(RefusalReason::NoServerName),
            (Host::Name(_) | Host::Address(_), Some(_)) => Some(RefusalReason::OtherHost {
                connected: place.host.to_string(),
            }),
        };
        if let Some(reason) = reason {
            let asked = Place {
                host: name.map_or_else(|| place.host.clone(), Host::Name),
                port: place.port,
            };
            return self.refuse_tls(client, &asked, reason).await;
        }
        let gate = &self.shared.gate;
        if let Some(reading) = self.shared.reading.get()
            && gate.wants_to_read(&place.host, place.port)
        {
            let server = name.map_or_else(|| place.host.clone(), Host::Name);
            return self.read_tls(client, place, reading, &server, early).await;
        }
        let attempt = Attempt {
            protocol: Protocol::Tls,
            ..attempt(place)
        };
        match self.open_or_use(attempt, early).await {
            Ok(mut upstream) => {
                upstream.note_unreadable(gate.secrets_for(&place.host, place.port));
                self.tunnel(client, upstream, &[]).await;
            }
            Err(()) => client.dismiss(super::refused::TLS_ACCESS_DENIED).await,
        }
    }

    /// Passes a request on, the head of which has `length` bytes, if it is for `place`.
    pub(super) async fn pass_request(
        &self,
        client: Client<impl Stream>,
        place: &Place,
        (head, length): (RequestHead, usize),
        early: Option<Connection>,
        outward: Outward<'_>,
    ) {
        let (host, port) = match &head.target {
            Target::Address { host, port, .. } => (Some(host), Some(*port)),
            Target::Connect { host, port } => {
                let asked = Place {
                    host: host.clone(),
                    port: *port,
                };
                let reason = RefusalReason::OtherHost {
                    connected: place.host.to_string(),
                };
                return self.refuse_http(client, &asked, Some(&head), reason).await;
            }
            Target::Path(_) | Target::Server => match &head.host {
                Some((host, port)) => (Some(host), *port),
                None => (None, None),
            },
        };
        let same_host = host.is_none_or(|host| match (&place.host, host) {
            (Host::Address(address), Host::Name(name)) if is_own_name(*address, name) => true,
            (connected, asked) => connected == asked,
        });
        let port = port.unwrap_or(place.port);
        if !same_host || port != place.port {
            let asked = Place {
                host: host.unwrap_or(&place.host).clone(),
                port,
            };
            let reason = RefusalReason::OtherHost {
                connected: format!("{}:{}", place.host, place.port),
            };
            return self.refuse_http(client, &asked, Some(&head), reason).await;
        }
        let attempt = Attempt {
            protocol: Protocol::Http,
            method: Some(head.method.clone()),
            path: head.path().map(str::to_owned),
            ..attempt(place)
        };
        let asked = Asked {
            head,
            length,
            attempt,
            early,
        };
        self.exchange(client, place, asked, outward).await;
    }
}

/// An attempt to connect, of which nothing more is known.
fn attempt(place: &Place) -> Attempt {
    Attempt {
        protocol: Protocol::Tcp,
        host: place.host.clone(),
        port: place.port,
        method: None,
        path: None,
    }
}

/// Whether `name` is what every machine calls `address` itself; inside a worker it needs no look-up.
fn is_own_name(address: IpAddr, name: &HostName) -> bool {
    address.is_loopback() && name.as_str() == "localhost"
}
