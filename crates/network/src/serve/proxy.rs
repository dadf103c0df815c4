//! Connections of programs that ask a proxy.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::Attempt;
use crate::Host;
use crate::Protocol;
use crate::http::RequestHead;
use crate::http::Target;
use crate::opening::Opening;
use crate::serve::Door;
use crate::serve::Place;
use crate::serve::client::Begins;
use crate::serve::client::Client;
use crate::serve::client::Speech;
use crate::serve::exchange::Asked;
use crate::serve::exchange::Outward;
use crate::serve::refused::misdirected_answer;

impl Door {
    pub(super) async fn serve_proxy(&self, stream: TcpStream) {
        let nowhere = || Place {
            host: Host::Address(std::net::Ipv4Addr::UNSPECIFIED.into()),
            port: 0,
        };
        let mut client = Client::new(stream);
        match client.opening(Speech::Web).await {
            Begins::With(Opening::Http(head, length)) => {
                self.serve_asked(client, *head, length).await;
            }
            Begins::With(Opening::BadHttp(bad)) => {
                self.refuse_http(client, &nowhere(), None, bad.into()).await;
            }
            Begins::With(_) => client.dismiss(&misdirected_answer()).await,
            Begins::Opaque | Begins::Gone => {}
        }
    }

    async fn serve_asked(&self, mut client: Client, head: RequestHead, length: usize) {
        match &head.target {
            Target::Connect { host, port } => {
                let place = Place {
                    host: host.clone(),
                    port: *port,
                };
                if let Err(reason) = self.shared.gate.judge_place(host, *port) {
                    return self.refuse_http(client, &place, Some(&head), reason).await;
                }
                client.buffer.drain(..length);
                let agreed = client
                    .stream
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
                if agreed.await.is_ok() {
                    self.converse(client, place).await;
                }
            }
            Target::Address { host, port, .. } => {
                let place = Place {
                    host: host.clone(),
                    port: *port,
                };
                let attempt = Attempt {
                    protocol: Protocol::Http,
                    host: host.clone(),
                    port: *port,
                    method: Some(head.method.clone()),
                    path: head.path().map(str::to_owned),
                };
                // The `Host` field is written anew: of a proxy's request, the address counts.
                let asked = Asked {
                    head,
                    length,
                    attempt,
                    early: None,
                };
                self.exchange(client, &place, asked, Outward::Plain).await;
            }
            Target::Path(_) | Target::Server => client.dismiss(&misdirected_answer()).await,
        }
    }
}
