//! TLS that the broker reads: to the worker's program it is the host, to the host it is the program.

use std::io;
use std::io::Cursor;

use tokio::io::AsyncReadExt;
use tokio::io::Chain;
use tokio::io::Join;
use tokio::io::join;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::Connection;
use crate::Host;
use crate::Protocol;
use crate::RefusalReason;
use crate::broker::TlsReading;
use crate::opening::Opening;
use crate::serve::Door;
use crate::serve::Place;
use crate::serve::client::Begins;
use crate::serve::client::Client;
use crate::serve::client::OPENING_PATIENCE;
use crate::serve::client::Speech;
use crate::serve::client::Stream;
use crate::serve::exchange::Outward;
use crate::tls::is_about_certificate;

/// A worker's connection whose first bytes were read already.
type Reread = Join<Chain<Cursor<Vec<u8>>, OwnedReadHalf>, OwnedWriteHalf>;

impl Stream for TlsStream<Reread> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0.writer().as_ref()
    }
}

impl Door {
    /// Answers a greeting for `server`, which is what `place` is called there, and passes on the request that
    /// follows as one of plain HTTP, over TLS of the broker's own. There is no connection to the host before
    /// that request was judged.
    pub(super) async fn read_tls(
        &self,
        client: Client,
        place: &Place,
        reading: &TlsReading,
        server: &Host,
        early: Option<Connection>,
    ) {
        let accepting = async {
            let configuration = reading
                .authority
                .for_host(server)
                .map_err(io::Error::other)?;
            let (reader, writer) = client.stream.into_split();
            let stream = join(Cursor::new(client.buffer).chain(reader), writer);
            TlsAcceptor::from(configuration).accept(stream).await
        };
        let stream = match timeout(OPENING_PATIENCE, accepting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return self.tell_failed(place, early, &explain(&error)),
            Err(_) => return self.tell_failed(place, early, "the program took too long to begin"),
        };
        let mut client = Client::new(stream);
        match client.opening(Speech::Web).await {
            Begins::With(Opening::Http(head, length)) => {
                let outward = Outward::Tls {
                    tls: &reading.outward,
                    server,
                };
                self.pass_request(client, place, (*head, length), early, outward)
                    .await;
            }
            Begins::With(Opening::BadHttp(bad)) => {
                self.refuse_http(client, place, None, bad.into()).await;
            }
            Begins::With(
                Opening::Tls(_)
                | Opening::BadTls
                | Opening::Other
                | Opening::Unknown
                | Opening::Begun,
            )
            | Begins::Opaque => {
                self.tell_refused(Protocol::Tls, place, None, RefusalReason::NotUnderstood);
                client.reset();
            }
            Begins::Gone => {}
        }
    }
}

/// Why a program does not go on with TLS that is not the host's.
fn explain(error: &io::Error) -> String {
    if is_about_certificate(error) {
        format!(
            "the program does not trust the certificate that `network.readTls` shows it in the place of the \
             host's: {error}"
        )
    } else {
        format!("TLS with the program failed: {error}")
    }
}
