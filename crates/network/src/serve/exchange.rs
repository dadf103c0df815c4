//! One request and its answer, and nothing after them.

use std::io;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::Attempt;
use crate::Connection;
use crate::Host;
use crate::Method;
use crate::NetworkError;
use crate::RefusalReason;
use crate::Tls;
use crate::Verdict;
use crate::http::BadHead;
use crate::http::Body;
use crate::http::RequestHead;
use crate::http::answer;
use crate::serve::Door;
use crate::serve::Place;
use crate::serve::client::Client;
use crate::serve::client::Stream;
use crate::serve::refused::failure_answer;

/// How much is read at a time.
const PIECE: usize = 16 << 10;

/// Why an exchange broke off.
enum Broken {
    /// One of the ends went away.
    Lost(io::Error),
    /// The client's body, or the host's answer, cannot be read in one way.
    Bad(BadHead),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

impl From<BadHead> for Broken {
    fn from(bad: BadHead) -> Self {
        Self::Bad(bad)
    }
}

/// A request, as far as it was read.
pub(super) struct Asked {
    pub(super) head: RequestHead,
    /// How long the head is, in what the client has said.
    pub(super) length: usize,
    pub(super) attempt: Attempt,
    /// A connection that was made while the client was silent.
    pub(super) early: Option<Connection>,
}

/// How a request goes to its host.
#[derive(Clone, Copy)]
pub(super) enum Outward<'a> {
    /// As it came.
    Plain,
    /// Over TLS with `server`.
    Tls { tls: &'a Tls, server: &'a Host },
}

impl Outward<'_> {
    /// The port that need not be named.
    fn usual_port(self) -> u16 {
        match self {
            Self::Plain => 80,
            Self::Tls { .. } => 443,
        }
    }
}

impl Door {
    /// Passes a request on to `place` and its answer back; then the connection ends, whatever else the
    /// client may have to say: only this request was judged.
    pub(super) async fn exchange(
        &self,
        mut client: Client<impl Stream>,
        place: &Place,
        asked: Asked,
        outward: Outward<'_>,
    ) {
        let Asked {
            head,
            length,
            attempt,
            early,
        } = asked;
        let opened = match early {
            Some(mut connection) => {
                connection.describe(&attempt);
                Ok(connection)
            }
            None => self.shared.open(attempt).await,
        };
        let mut upstream = match opened {
            Ok(upstream) => upstream,
            Err(error) => return client.dismiss(&failure_answer(&error)).await,
        };
        let texts = head.texts();
        let revealed = match self.shared.reveal(&place.host, place.port, &texts).await {
            Ok(revealed) => revealed,
            Err(error) => {
                upstream.fail(error.reason());
                return client.dismiss(&failure_answer(&error)).await;
            }
        };
        upstream.note(&revealed);
        client.buffer.drain(..length);
        let port = Some(place.port).filter(|port| *port != outward.usual_port());
        let bytes = head.to_bytes(&place.host, port, &revealed);
        drop(revealed);
        let outcome = match outward {
            Outward::Plain => speak(&mut client, &mut upstream, &head, bytes).await,
            Outward::Tls { tls, server } => {
                let patience = self.shared.limits.connect_patience;
                let connecting = timeout(patience, tls.connect(server, &mut upstream)).await;
                let error = match connecting {
                    Ok(Ok(mut secured)) => Ok(speak(&mut client, &mut secured, &head, bytes).await),
                    Ok(Err(source)) => Err(NetworkError::of_tls(place.to_string(), source)),
                    Err(_) => Err(NetworkError::TimedOut {
                        place: place.to_string(),
                        limit: patience,
                    }),
                };
                match error {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        upstream.fail(error.reason());
                        drop(upstream);
                        return client.dismiss(&failure_answer(&error)).await;
                    }
                }
            }
        };
        match outcome {
            Ok(last) => {
                // Told before the client can know that it has everything: whoever looks for the record then
                // finds it.
                drop(upstream);
                client.dismiss(&last).await;
            }
            Err(Broken::Lost(error)) => {
                upstream.fail(error);
                client.reset();
            }
            Err(Broken::Bad(bad)) => {
                let reason = RefusalReason::from(bad);
                let refusal =
                    crate::Gate::refusal(&place.host, place.port, Some(&head.method), reason);
                upstream.conclude(Verdict::Refused(refusal));
                client.reset();
            }
        }
    }
}

/// Sends `bytes`, the head as the host gets it, and what the client says after it, and passes on the answer but
/// for its last piece, which it returns.
async fn speak(
    client: &mut Client<impl Stream>,
    host: &mut (impl AsyncRead + AsyncWrite + Unpin),
    head: &RequestHead,
    bytes: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>, Broken> {
    let said = std::mem::take(&mut client.buffer);
    let (mut from_client, mut to_client) = tokio::io::split(&mut client.stream);
    let (mut from_host, mut to_host) = tokio::io::split(host);
    let asking = async {
        // By itself, so that what has secrets in it is wiped.
        to_host.write_all(&bytes).await?;
        drop(bytes);
        let (nothing, body) = (Vec::new(), head.body.clone());
        let last = pass_body(nothing, body, said, &mut from_client, &mut to_host).await?;
        to_host.write_all(&last).await?;
        to_host.flush().await?;
        // The answer ends the exchange, not the end of the question.
        std::future::pending::<Result<Vec<u8>, Broken>>().await
    };
    let answering = pass_answer(&head.method, &mut from_host, &mut to_client);
    tokio::select! {
        outcome = asking => outcome,
        outcome = answering => outcome,
    }
}

/// Passes on a head and a body, of which `said` was read already, but for the last piece, which it returns.
async fn pass_body(
    head: Vec<u8>,
    mut body: Body,
    said: Vec<u8>,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<Vec<u8>, Broken> {
    let mut ready = head;
    let mut piece = said;
    loop {
        let passed = body.advance(&piece)?;
        ready.extend_from_slice(&piece[..passed]);
        if body.is_done() {
            return Ok(ready);
        }
        to.write_all(&ready).await?;
        to.flush().await?;
        ready.clear();
        piece.resize(PIECE, 0);
        match from.read(&mut piece).await? {
            0 if body.may_end() => return Ok(ready),
            0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            read => piece.truncate(read),
        }
    }
}

/// Passes on an answer, with the provisional ones before it, but for its last piece, which it returns.
async fn pass_answer(
    method: &Method,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    loop {
        let Some((head, length)) = answer(&bytes, method)? else {
            bytes.reserve(PIECE);
            if from.read_buf(&mut bytes).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            continue;
        };
        bytes.drain(..length);
        if head.status >= 200 {
            return pass_body(head.bytes, head.body, bytes, from, to).await;
        }
        to.write_all(&head.bytes).await?;
        to.flush().await?;
    }
}
