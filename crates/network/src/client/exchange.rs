//! One request and its response, from the decision to the last byte.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::Attempt;
use crate::Broker;
use crate::Certificates;
use crate::Connection;
use crate::NetworkError;
use crate::Protocol;
use crate::Tls;

use super::head::Incoming;
use super::head::MAX_HEAD;
use super::head::ResponseHead;
use super::payload::Payload;
use super::payload::Piece;
use super::request::BodyLength;
use super::request::HttpRequest;

/// How long a host may say nothing. As `fetch` of Node.js has it.
const PATIENCE: Duration = Duration::from_secs(300);
/// The most heads before the response itself.
const MAX_INFORMATION: usize = 16;

/// Sends requests through a broker.
#[derive(Debug)]
pub struct HttpClient {
    tls: Arc<Tls>,
    patience: Duration,
}

/// Where the body of a request comes from.
pub trait RequestSource: Send {
    /// The next bytes; `None` at the end. Waits for nothing else.
    fn next(&mut self) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// Where a response goes.
pub trait ResponseSink: Send {
    /// Takes the next part, when there is room for it.
    fn take(&mut self, part: ResponsePart) -> impl Future<Output = ()> + Send;
}

/// What happens on the way to the end of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponsePart {
    /// The connection is there.
    Connected,
    /// A head: those with a status below 200 come before the response's own.
    Head(ResponseHead),
    /// Some of the body, at most 64 KiB.
    Body(Vec<u8>),
    /// The response is complete; these are its trailers.
    End(Vec<(String, String)>),
}

/// How a connection went wrong, before anybody knows whose.
#[derive(Debug)]
pub(super) enum Broken {
    Read(io::Error),
    Write(io::Error),
    /// The source had less or more than was said.
    Length,
    HeadTooLarge,
    Invalid(String),
    Truncated,
    HungUp,
    Silent,
}

impl HttpClient {
    /// A client that trusts `certificates`.
    #[must_use]
    pub fn new(certificates: Certificates) -> Self {
        Self {
            tls: Arc::new(Tls::new(certificates)),
            patience: PATIENCE,
        }
    }

    /// What makes its TLS connections.
    #[must_use]
    pub fn tls(&self) -> &Arc<Tls> {
        &self.tls
    }

    /// The same client, with another idea of how long a host may say nothing.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sends a request, if the broker allows it, and gives what is answered to `sink`. Dropping the future ends the
    /// connection.
    ///
    /// # Errors
    /// When it is refused, cannot be connected, or the response does not come to its end.
    pub async fn perform<S: RequestSource, K: ResponseSink>(
        &self,
        broker: &Broker,
        request: &HttpRequest,
        source: &mut S,
        sink: &mut K,
    ) -> Result<(), NetworkError> {
        let attempt = Attempt {
            protocol: Protocol::Http,
            host: request.host.clone(),
            port: request.port,
            method: Some(request.method.clone()),
            path: Some(request.target.clone()),
        };
        if let Err(reason) = request.judge_host() {
            return Err(broker.refuse(&attempt, reason));
        }
        let mut connection = broker.open(attempt).await?;
        let shared = &broker.shared;
        let revealed = shared
            .reveal(&request.host, request.port, &request.texts())
            .await
            .inspect_err(|error| connection.fail(error.reason()))?;
        connection.note(&revealed);
        let going = Going {
            request,
            head: request.head(&revealed),
        };
        drop(revealed);
        let outcome = self
            .converse(&mut connection, &going, source, sink)
            .await
            .map_err(|broken| self.explain(request, broken));
        if let Err(error) = &outcome {
            connection.fail(error.reason());
        }
        outcome
    }

    async fn converse<S: RequestSource, K: ResponseSink>(
        &self,
        connection: &mut Connection,
        going: &Going<'_>,
        source: &mut S,
        sink: &mut K,
    ) -> Result<(), Failing> {
        if going.request.secure {
            let connecting = self.tls.connect(&going.request.host, connection);
            let mut stream = timeout(self.patience, connecting)
                .await
                .map_err(|_| Failing::Broken(Broken::Silent))?
                .map_err(Failing::Tls)?;
            sink.take(ResponsePart::Connected).await;
            self.speak(&mut stream, going, source, sink).await
        } else {
            sink.take(ResponsePart::Connected).await;
            self.speak(connection, going, source, sink).await
        }
        .map_err(Failing::Broken)
    }

    /// Sends and receives at the same time: a host may answer before it has read everything, and need not read the
    /// rest.
    async fn speak<T, S, K>(
        &self,
        stream: &mut T,
        going: &Going<'_>,
        source: &mut S,
        sink: &mut K,
    ) -> Result<(), Broken>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        S: RequestSource,
        K: ResponseSink,
    {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut receiving = std::pin::pin!(receive(
            Incoming::new(reader),
            going.request.method.as_str(),
            self.patience,
            sink
        ));
        let sent = tokio::select! {
            received = &mut receiving => return received,
            sent = send(&mut writer, going, source) => sent,
        };
        match (sent, receiving.await) {
            // A host that has answered need not have read everything.
            (_, Ok(())) => Ok(()),
            (Err(Broken::Length), Err(_)) => Err(Broken::Length),
            // What broke the sending says more than the silence that followed.
            (Err(error), Err(Broken::HungUp)) => Err(error),
            (_, Err(error)) => Err(error),
        }
    }

    fn explain(&self, request: &HttpRequest, failing: Failing) -> NetworkError {
        let place = format!("{}:{}", request.host, request.port);
        match failing {
            Failing::Tls(source) => NetworkError::of_tls(place, source),
            Failing::Broken(broken) => match broken {
                Broken::Read(source) | Broken::Write(source) => match source.kind() {
                    io::ErrorKind::UnexpectedEof => NetworkError::Truncated { place },
                    io::ErrorKind::ConnectionAborted => NetworkError::Closed,
                    _ => NetworkError::Reset { place, source },
                },
                Broken::Length => NetworkError::BodyLength,
                Broken::HeadTooLarge => NetworkError::HeadTooLarge {
                    place,
                    limit: MAX_HEAD,
                },
                Broken::Invalid(detail) => NetworkError::NotHttp { place, detail },
                Broken::Truncated => NetworkError::Truncated { place },
                Broken::HungUp => NetworkError::HungUp { place },
                Broken::Silent => NetworkError::Silent {
                    place,
                    limit: self.patience,
                },
            },
        }
    }
}

/// A request, and its head as the host gets it.
struct Going<'r> {
    request: &'r HttpRequest,
    head: Zeroizing<Vec<u8>>,
}

/// How a conversation went wrong.
enum Failing {
    Tls(io::Error),
    Broken(Broken),
}

/// Sends the head and the body.
async fn send<W: AsyncWrite + Unpin, S: RequestSource>(
    writer: &mut W,
    going: &Going<'_>,
    source: &mut S,
) -> Result<(), Broken> {
    writer.write_all(&going.head).await.map_err(Broken::Write)?;
    writer.flush().await.map_err(Broken::Write)?;
    let mut left = match going.request.length {
        BodyLength::None => return Ok(()),
        BodyLength::Bytes(length) => Some(length),
        BodyLength::Unknown => None,
    };
    while let Some(bytes) = source.next().await {
        if bytes.is_empty() {
            continue;
        }
        match &mut left {
            Some(left) => {
                *left = left.checked_sub(bytes.len() as u64).ok_or(Broken::Length)?;
                writer.write_all(&bytes).await.map_err(Broken::Write)?;
            }
            None => {
                let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                chunk.extend_from_slice(&bytes);
                chunk.extend_from_slice(b"\r\n");
                writer.write_all(&chunk).await.map_err(Broken::Write)?;
            }
        }
        writer.flush().await.map_err(Broken::Write)?;
    }
    match left {
        Some(0) => Ok(()),
        // A host must not take the half for the whole: the connection ends here.
        Some(_) => {
            let _ = writer.shutdown().await;
            Err(Broken::Length)
        }
        None => {
            writer
                .write_all(b"0\r\n\r\n")
                .await
                .map_err(Broken::Write)?;
            writer.flush().await.map_err(Broken::Write)
        }
    }
}

/// Receives the response. Waiting for room in `sink` is not the host's time.
async fn receive<R: AsyncRead + Unpin, K: ResponseSink>(
    mut incoming: Incoming<R>,
    method: &str,
    patience: Duration,
    sink: &mut K,
) -> Result<(), Broken> {
    let mut information = 0;
    let head = loop {
        let head = timeout(patience, incoming.head())
            .await
            .map_err(|_| Broken::Silent)??
            .ok_or(Broken::HungUp)?;
        if head.status >= 200 {
            break head;
        }
        information += 1;
        if information > MAX_INFORMATION {
            return Err(Broken::Invalid(
                "there is no end of interim answers".to_owned(),
            ));
        }
        if head.status == 101 {
            return Err(Broken::Invalid(
                "it turns to another protocol, which nobody asked for".to_owned(),
            ));
        }
        sink.take(ResponsePart::Head(head)).await;
    };
    let mut payload = Payload::new(head.framing(method)?);
    sink.take(ResponsePart::Head(head)).await;
    loop {
        let piece = timeout(patience, payload.next(&mut incoming))
            .await
            .map_err(|_| Broken::Silent)??;
        match piece {
            Piece::Bytes(bytes) => sink.take(ResponsePart::Body(bytes)).await,
            Piece::End(trailers) => {
                sink.take(ResponsePart::End(trailers)).await;
                return Ok(());
            }
        }
    }
}
