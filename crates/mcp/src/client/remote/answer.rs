//! What a server answers to a message.

use std::sync::atomic::Ordering;

use futures::StreamExt as _;
use http::HeaderMap;
use http::Response;
use http::StatusCode;
use http::header;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::model::ClientRequest;
use rmcp::model::ErrorData;
use rmcp::model::RequestId;
use rmcp::model::ServerJsonRpcMessage;
use rmcp::model::ServerResult;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use rmcp::transport::streamable_http_client::StreamableHttpPostResponse;

use super::Answer;
use super::Remote;
use super::RemoteProblem;
use super::SESSION;
use super::exchange::ResponseBody;
use crate::client::connection::MAX_MESSAGE;

/// What is read of an answer that says no, in bytes.
const MAX_REASON: usize = 64 << 10;

impl Remote {
    /// What `response` is an answer of to `message`, which belonged to a session or did not.
    pub(super) async fn answer(
        &self,
        response: Response<ResponseBody>,
        message: &ClientJsonRpcMessage,
        has_session: bool,
    ) -> Answer<StreamableHttpPostResponse> {
        let asked = match message {
            ClientJsonRpcMessage::Request(request) => Some(&request.id),
            ClientJsonRpcMessage::Response(_)
            | ClientJsonRpcMessage::Notification(_)
            | ClientJsonRpcMessage::Error(_) => None,
        };
        let status = response.status();
        if !status.is_success() {
            return refusal(response, message, asked, has_session).await;
        }
        // Nothing is waited for, so nothing that comes matters.
        let Some(asked) = asked else {
            return Ok(StreamableHttpPostResponse::Accepted);
        };
        if status == StatusCode::ACCEPTED {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let session = response.headers().get(SESSION);
        let session = session.and_then(|id| id.to_str().ok()).map(str::to_owned);
        if is_events(response.headers()) {
            let events = self.events(response.into_body());
            return Ok(StreamableHttpPostResponse::Sse(events, session));
        }
        let kind = response.headers().get(header::CONTENT_TYPE);
        if !is_of(response.headers(), "application/json") {
            let kind = kind.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
            return Err(StreamableHttpError::UnexpectedContentType(kind));
        }
        let (bytes, is_whole) = read(response.into_body(), MAX_MESSAGE << 20).await?;
        if !is_whole {
            self.0.exceeded.store(true, Ordering::Release);
            return Err(RemoteProblem::TooLong.into());
        }
        let answer = understood(serde_json::from_slice(&bytes)?, message, asked);
        Ok(StreamableHttpPostResponse::Json(answer, session))
    }
}

/// A server that says no: in its protocol's words, as one that does not know the session any more, or otherwise.
async fn refusal(
    response: Response<ResponseBody>,
    message: &ClientJsonRpcMessage,
    asked: Option<&RequestId>,
    has_session: bool,
) -> Answer<StreamableHttpPostResponse> {
    let status = response.status();
    if status == StatusCode::NOT_FOUND && has_session {
        return Err(StreamableHttpError::SessionExpired);
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(RemoteProblem::of_status(status, "").into());
    }
    let (bytes, _) = read(response.into_body(), MAX_REASON).await?;
    let said = match serde_json::from_slice(&bytes) {
        Ok(ServerJsonRpcMessage::Error(said)) => Some(said),
        Ok(_) | Err(_) => None,
    };
    match (said, asked) {
        // Servers that were started again say so when they are given a session that they do not know.
        (Some(said), Some(_)) if has_session && said.id.is_none() && is_bad(status) => {
            Err(StreamableHttpError::SessionExpired)
        }
        (Some(said), Some(asked)) => {
            let answer = ServerJsonRpcMessage::error(said.error, Some(asked.clone()));
            Ok(StreamableHttpPostResponse::Json(answer, None))
        }
        (None, Some(asked)) if is_greeting(message) && status.is_client_error() => {
            let answer = of_an_older_one(format!("status {}", status.as_u16()), asked);
            Ok(StreamableHttpPostResponse::Json(answer, None))
        }
        (None, _) | (Some(_), None) => {
            let said = String::from_utf8_lossy(&bytes);
            Err(RemoteProblem::of_status(status, &said).into())
        }
    }
}

fn is_bad(status: StatusCode) -> bool {
    status == StatusCode::BAD_REQUEST
}

/// Whether it asks what the server is, in the way of 2026-07-28.
fn is_greeting(message: &ClientJsonRpcMessage) -> bool {
    let ClientJsonRpcMessage::Request(request) = message else {
        return false;
    };
    matches!(request.request, ClientRequest::DiscoverRequest(_))
}

/// The answer as it is meant: to this request even where an error does not say so, and no greeting if it is something
/// else, as servers of before 2026-07-28 may give it that answer whatever they are asked.
fn understood(
    answer: ServerJsonRpcMessage,
    message: &ClientJsonRpcMessage,
    asked: &RequestId,
) -> ServerJsonRpcMessage {
    match answer {
        ServerJsonRpcMessage::Error(error) if error.id.is_none() => {
            ServerJsonRpcMessage::error(error.error, Some(asked.clone()))
        }
        ServerJsonRpcMessage::Response(response)
            if is_greeting(message)
                && !matches!(response.result, ServerResult::DiscoverResult(_)) =>
        {
            of_an_older_one("it answers something else".to_owned(), asked)
        }
        answer => answer,
    }
}

/// What makes the protocol greet a server in the way of before 2026-07-28.
fn of_an_older_one(reason: String, asked: &RequestId) -> ServerJsonRpcMessage {
    ServerJsonRpcMessage::error(
        ErrorData::invalid_request(reason, None),
        Some(asked.clone()),
    )
}

/// The first bytes of what comes, and whether that is all.
async fn read(mut body: ResponseBody, most: usize) -> Result<(Vec<u8>, bool), RemoteProblem> {
    let mut bytes = Vec::new();
    while let Some(more) = body.next().await {
        let more = more.map_err(RemoteProblem::Broken)?;
        if bytes.len() + more.len() > most {
            return Ok((bytes, false));
        }
        bytes.extend_from_slice(&more);
    }
    Ok((bytes, true))
}

/// Whether what comes is a stream of events.
pub(super) fn is_events(headers: &HeaderMap) -> bool {
    is_of(headers, "text/event-stream")
}

fn is_of(headers: &HeaderMap, kind: &str) -> bool {
    let found = headers.get(header::CONTENT_TYPE);
    let found = found.and_then(|found| found.to_str().ok());
    let found = found.and_then(|found| found.split(';').next());
    found.is_some_and(|found| found.trim().eq_ignore_ascii_case(kind))
}
