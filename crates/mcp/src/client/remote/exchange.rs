//! One request and its response, on a connection that is used again afterwards.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header;
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use mycelium_runtime::ServerUrl;
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Remote;
use super::RemoteProblem;
use crate::client::failure;
use crate::client::lock;

/// Connections that are kept for the next request.
const MAX_IDLE: usize = 8;
/// For how long: less than the five seconds after which Node.js closes them.
const KEPT: Duration = Duration::from_secs(4);
/// How often a request is sent to another path in turn.
const MAX_REDIRECTS: usize = 3;

/// Connections that wait for the next request, and since when.
#[derive(Default)]
pub(super) struct Idle(Vec<(SendRequest<Full<Bytes>>, Instant)>);

/// What comes in a response. The connection is used again when it is read to its end.
pub(super) struct ResponseBody {
    incoming: Incoming,
    connection: Option<SendRequest<Full<Bytes>>>,
    idle: Arc<Mutex<Idle>>,
    /// Ends it.
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Idle {
    fn take(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let now = Instant::now();
        self.0
            .retain(|(connection, since)| !connection.is_closed() && now - *since < KEPT);
        self.0.pop().map(|(connection, _)| connection)
    }

    fn keep(&mut self, connection: SendRequest<Full<Bytes>>) {
        if self.0.len() < MAX_IDLE && !connection.is_closed() {
            self.0.push((connection, Instant::now()));
        }
    }
}

impl Remote {
    /// Sends a request, also to another path of the same server where that says so.
    pub(super) async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<ResponseBody>, RemoteProblem> {
        let sent = self.send_along(method, headers, body);
        tokio::select! {
            response = sent => response,
            () = self.0.closed.cancelled() => Err(RemoteProblem::Closed),
        }
    }

    async fn send_along(
        &self,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<ResponseBody>, RemoteProblem> {
        let mut url = self.0.server.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let request = request(&url, &method, &headers, &body)?;
            let response = self.exchange(request).await?;
            let status = response.status();
            if !status.is_redirection() {
                return Ok(response);
            }
            let to = response.headers().get(header::LOCATION);
            let to = to.and_then(|to| to.to_str().ok()).unwrap_or_default();
            // The others mean another request: what is asked would be lost on the way.
            let is_same = matches!(
                status,
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
            );
            let joined = url.join(to).filter(|_| is_same);
            url = joined.ok_or_else(|| RemoteProblem::Elsewhere {
                to: failure::text(to),
            })?;
        }
        Err(RemoteProblem::Elsewhere {
            to: url.to_string(),
        })
    }

    /// Sends a request on a connection that is there, else on a new one.
    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<ResponseBody>, RemoteProblem> {
        loop {
            let Some(mut connection) = self.waiting() else {
                break;
            };
            match connection.try_send_request(request).await {
                Ok(response) => return Ok(self.received(response, connection)),
                // The server had closed it, and has seen nothing of the request.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(RemoteProblem::Broken(error.into_error())),
                },
            }
        }
        let mut connection = self.0.dialer.connect(&self.0.server.url).await?;
        let response = connection.send_request(request).await;
        Ok(self.received(response.map_err(RemoteProblem::Broken)?, connection))
    }

    fn waiting(&self) -> Option<SendRequest<Full<Bytes>>> {
        lock(&self.0.idle).take()
    }

    fn received(
        &self,
        response: Response<Incoming>,
        connection: SendRequest<Full<Bytes>>,
    ) -> Response<ResponseBody> {
        response.map(|incoming| ResponseBody {
            incoming,
            connection: Some(connection),
            idle: Arc::clone(&self.0.idle),
            closed: Box::pin(self.0.closed.clone().cancelled_owned()),
        })
    }
}

fn request(
    url: &ServerUrl,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Request<Full<Bytes>>, RemoteProblem> {
    let unusable = || RemoteProblem::Header {
        name: "Host".to_owned(),
    };
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = method.clone();
    *request.uri_mut() = url.path().parse().map_err(|_| unusable())?;
    *request.headers_mut() = headers.clone();
    let host = HeaderValue::try_from(url.authority()).map_err(|_| unusable())?;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

impl Stream for ResponseBody {
    type Item = Result<Bytes, hyper::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.closed.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        loop {
            match ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                Some(Ok(frame)) => {
                    // Trailers say nothing.
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Some(Err(error)) => {
                    self.connection = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    if let Some(connection) = self.connection.take() {
                        lock(&self.idle).keep(connection);
                    }
                    return Poll::Ready(None);
                }
            }
        }
    }
}
