//! One exchange: from what the worker asks for to what it is told.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_network::Broker;
use mycelium_network::Host;
use mycelium_network::HttpClient;
use mycelium_network::HttpRequest;
use mycelium_network::Method;
use mycelium_network::NetworkError;
use mycelium_network::RequestSource;
use mycelium_network::ResponsePart;
use mycelium_network::ResponseSink;
use mycelium_protocol::worker::BodyLength;
use mycelium_protocol::worker::ExchangeBody;
use mycelium_protocol::worker::ExchangeCredit;
use mycelium_protocol::worker::ExchangeEnd;
use mycelium_protocol::worker::ExchangeFailed;
use mycelium_protocol::worker::ExchangeFailure;
use mycelium_protocol::worker::ExchangeHead;
use mycelium_protocol::worker::ExchangeNumber;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::OpenExchange;
use tokio::sync::mpsc;

use super::Told;
use super::flow::Download;
use super::flow::Upload;

/// Makes a request for the worker and tells what comes of it.
pub(super) async fn perform(
    client: Arc<HttpClient>,
    broker: Arc<Broker>,
    open: OpenExchange,
    (upload, download): (Arc<Upload>, Arc<Download>),
    told: mpsc::Sender<Told>,
) {
    let exchange = open.exchange;
    let (host, port) = (open.host.clone(), open.port);
    let mut source = Source {
        exchange,
        upload,
        passed: 0,
        told: told.clone(),
    };
    let mut sink = Sink {
        exchange,
        download,
        told: told.clone(),
    };
    let failed = |code, message| {
        Told::Reply(ExchangeReply::Failed(ExchangeFailed {
            exchange,
            code,
            message,
            host,
            port,
        }))
    };
    let outcome = match parse(open) {
        Ok(request) => {
            client
                .perform(&broker, &request, &mut source, &mut sink)
                .await
        }
        Err(reason) => {
            let _ = told
                .send(failed(ExchangeFailure::RequestInvalid, reason))
                .await;
            return;
        }
    };
    let Err(error) = outcome else { return };
    // Whoever listens has gone only when the worker has.
    let code = code(&error);
    let message = error.reason();
    if let NetworkError::Refused(refusal) = error {
        let _ = told.send(Told::Refused(refusal)).await;
    }
    let _ = told.send(failed(code, message)).await;
}

/// The request that the worker means, or why it is none.
fn parse(open: OpenExchange) -> Result<HttpRequest, String> {
    let bare = open
        .host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(&open.host);
    let host: Host = bare
        .parse()
        .map_err(|error: mycelium_network::InvalidHost| error.to_string())?;
    let method: Method = open
        .method
        .parse()
        .map_err(|error: mycelium_network::InvalidMethod| error.to_string())?;
    let length = match open.length {
        BodyLength::None => mycelium_network::BodyLength::None,
        BodyLength::Bytes(bytes) => mycelium_network::BodyLength::Bytes(bytes),
        BodyLength::Unknown => mycelium_network::BodyLength::Unknown,
    };
    HttpRequest::new(
        (open.secure, host, open.port),
        method,
        open.target,
        open.headers,
        length,
    )
    .map_err(|error| error.to_string())
}

/// The kind of failure that the worker is told.
fn code(error: &NetworkError) -> ExchangeFailure {
    match error {
        NetworkError::Refused(_) => ExchangeFailure::SecurityViolation,
        NetworkError::Unresolved { .. } | NetworkError::NoAddress { .. } => {
            ExchangeFailure::NameNotFound
        }
        NetworkError::Unreachable { source, .. } => match source.kind() {
            io::ErrorKind::ConnectionRefused => ExchangeFailure::ConnectionRefused,
            io::ErrorKind::TimedOut => ExchangeFailure::ConnectTimeout,
            _ => ExchangeFailure::Unreachable,
        },
        NetworkError::TimedOut { .. } => ExchangeFailure::ConnectTimeout,
        NetworkError::Untrusted { .. } => ExchangeFailure::Certificate,
        NetworkError::Tls { .. } | NetworkError::Certificate { .. } => ExchangeFailure::Tls,
        NetworkError::BodyLength
        | NetworkError::InvalidPolicy(_)
        | NetworkError::SecretMissing { .. }
        | NetworkError::SecretUnreadable { .. } => ExchangeFailure::RequestInvalid,
        NetworkError::Reset { .. } | NetworkError::Closed | NetworkError::Listeners { .. } => {
            ExchangeFailure::ConnectionReset
        }
        NetworkError::HungUp { .. } => ExchangeFailure::HungUp,
        NetworkError::Truncated { .. } => ExchangeFailure::ResponseTruncated,
        NetworkError::HeadTooLarge { .. } => ExchangeFailure::HeadTooLarge,
        NetworkError::NotHttp { .. } => ExchangeFailure::ResponseInvalid,
        NetworkError::Silent { .. } => ExchangeFailure::ResponseTimeout,
    }
}

/// The body of the request, as the worker sends it.
struct Source {
    exchange: u32,
    upload: Arc<Upload>,
    /// How much was passed on and not told.
    passed: u64,
    told: mpsc::Sender<Told>,
}

impl RequestSource for Source {
    async fn next(&mut self) -> Option<Vec<u8>> {
        // Whoever asks for more has sent what there was.
        if self.passed > 0 {
            let bytes = std::mem::take(&mut self.passed);
            self.upload.used(bytes);
            let credit = ExchangeCredit {
                exchange: self.exchange,
                bytes,
            };
            let _ = self
                .told
                .send(Told::Reply(ExchangeReply::Credit(credit)))
                .await;
        }
        let bytes = self.upload.next().await?;
        self.passed = bytes.len() as u64;
        Some(bytes)
    }
}

/// The worker, as the place where the response goes.
struct Sink {
    exchange: u32,
    download: Arc<Download>,
    told: mpsc::Sender<Told>,
}

impl ResponseSink for Sink {
    async fn take(&mut self, part: ResponsePart) {
        let exchange = self.exchange;
        let reply = match part {
            ResponsePart::Connected => ExchangeReply::Connected(ExchangeNumber { exchange }),
            ResponsePart::Head(head) => ExchangeReply::Head(ExchangeHead {
                exchange,
                minor_version: head.minor_version,
                status: head.status,
                reason: head.reason,
                headers: head.headers,
            }),
            ResponsePart::Body(bytes) => {
                self.download.reserve(bytes.len()).await;
                ExchangeReply::Body(ExchangeBody {
                    exchange,
                    data: BASE64_STANDARD.encode(bytes),
                    last: false,
                })
            }
            ResponsePart::End(trailers) => ExchangeReply::End(ExchangeEnd { exchange, trailers }),
        };
        let _ = self.told.send(Told::Reply(reply)).await;
    }
}
