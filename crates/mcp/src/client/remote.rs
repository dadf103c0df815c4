//! A server over HTTP, as the protocol's transport wants it: a place to send messages to and to hear from.
//!
//! Nothing that is meant for the server goes anywhere else: its headers are sent to its own origin only, and a response
//! that leads elsewhere is an error.

mod answer;
mod dial;
mod events;
mod exchange;
mod problem;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use futures::stream::BoxStream;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use mycelium_runtime::RemoteServer;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::SseError;
use rmcp::transport::streamable_http_client::StreamableHttpClient;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use rmcp::transport::streamable_http_client::StreamableHttpPostResponse;
use sse_stream::Sse;
use tokio_util::sync::CancellationToken;

use self::answer::is_events;
use self::dial::Dialer;
use self::exchange::Idle;
pub(super) use self::problem::RemoteProblem;

/// What answers to requests may be.
const ACCEPTED: &str = "application/json, text/event-stream";
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
/// Headers that say how a message is sent, which is this program's to know.
const OWN_HEADERS: [HeaderName; 8] = [
    header::ACCEPT,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
    SESSION,
    LAST_EVENT,
];
/// How often a stream that broke off is taken up again.
const MAX_RESUMPTIONS: usize = 5;
/// Requests that wait for the beginning of their answers at one time.
const MAX_REQUESTS: usize = super::MAX_CALLS;

/// A server over HTTP.
#[derive(Clone)]
pub(super) struct Remote(Arc<Shared>);

struct Shared {
    server: RemoteServer,
    /// What is sent with each request.
    headers: HeaderMap,
    dialer: Dialer,
    idle: Arc<Mutex<Idle>>,
    /// Whether the server sent a message that was too long.
    exceeded: Arc<AtomicBool>,
    /// Ends everything that is under way.
    closed: CancellationToken,
}

type Answer<T> = Result<T, StreamableHttpError<RemoteProblem>>;

impl Remote {
    /// A server that nothing was sent to yet. Everything ends with `closed`, and `exceeded` is set when a message is
    /// too long.
    ///
    /// # Errors
    /// [`RemoteProblem::Header`] for a header that cannot be sent.
    pub(super) fn new(
        server: RemoteServer,
        exceeded: Arc<AtomicBool>,
        closed: CancellationToken,
    ) -> Result<Self, RemoteProblem> {
        let mut headers = HeaderMap::new();
        for (name, value) in &server.headers {
            let unusable = || RemoteProblem::Header { name: name.clone() };
            let known = HeaderName::try_from(name).map_err(|_| unusable())?;
            let mut value = HeaderValue::try_from(value).map_err(|_| unusable())?;
            if OWN_HEADERS.contains(&known) {
                return Err(unusable());
            }
            value.set_sensitive(true);
            headers.insert(known, value);
        }
        Ok(Self(Arc::new(Shared {
            server,
            headers,
            dialer: Dialer::default(),
            idle: Arc::default(),
            exceeded,
            closed,
        })))
    }

    /// What the protocol is spoken over.
    pub(super) fn transport(&self) -> StreamableHttpClientTransport<Self> {
        let url = self.0.server.url.to_string();
        let mut config = StreamableHttpClientTransportConfig::with_uri(url)
            .max_concurrent_requests(MAX_REQUESTS);
        let mut patience = ExponentialBackoff::default();
        patience.max_times = Some(MAX_RESUMPTIONS);
        config.retry_config = Arc::new(patience);
        StreamableHttpClientTransport::with_client(self.clone(), config)
    }

    /// The headers of a request: the server's own, those of the message, and those that say where it belongs.
    fn headers(
        &self,
        of_message: HashMap<HeaderName, HeaderValue>,
        session: Option<&str>,
    ) -> Answer<HeaderMap> {
        let mut headers = self.0.headers.clone();
        headers.extend(of_message);
        if let Some(session) = session {
            headers.insert(SESSION, own_words(session)?);
        }
        Ok(headers)
    }
}

impl StreamableHttpClient for Remote {
    type Error = RemoteProblem;

    async fn post_message(
        &self,
        _: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        of_message: HashMap<HeaderName, HeaderValue>,
    ) -> Answer<StreamableHttpPostResponse> {
        let mut headers = self.headers(of_message, session.as_deref())?;
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPTED));
        let body = Bytes::from(serde_json::to_vec(&message)?);
        let response = self.send(Method::POST, headers, body).await?;
        self.answer(response, &message, session.is_some()).await
    }

    async fn delete_session(
        &self,
        _: Arc<str>,
        session: Arc<str>,
        _: Option<String>,
        of_message: HashMap<HeaderName, HeaderValue>,
    ) -> Answer<()> {
        let headers = self.headers(of_message, Some(&session))?;
        let response = self.send(Method::DELETE, headers, Bytes::new()).await?;
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => {
                Err(StreamableHttpError::ServerDoesNotSupportDeleteSession)
            }
            // It ends, whatever the server says of it.
            _ => Ok(()),
        }
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        _: Option<String>,
        of_message: HashMap<HeaderName, HeaderValue>,
    ) -> Answer<BoxStream<'static, Result<Sse, SseError>>> {
        let mut headers = self.headers(of_message, session.as_deref())?;
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("text/event-stream"),
        );
        if let Some(last_event) = last_event {
            headers.insert(LAST_EVENT, own_words(&last_event)?);
        }
        let response = self.send(Method::GET, headers, Bytes::new()).await?;
        match response.status() {
            status if status.is_success() && is_events(response.headers()) => {
                Ok(self.events(response.into_body()))
            }
            // It has nothing to say but answers, or no more of this stream: to ask again changes nothing.
            status if status.is_success() || status.is_client_error() => {
                Err(StreamableHttpError::ServerDoesNotSupportSse)
            }
            status => Err(RemoteProblem::of_status(status, "").into()),
        }
    }
}

/// What the server gave to be sent back.
fn own_words(text: &str) -> Answer<HeaderValue> {
    let unusable = "it gives a name to the session or to an event that cannot be sent back";
    HeaderValue::try_from(text)
        .map_err(|_| StreamableHttpError::UnexpectedServerResponse(unusable.into()))
}
