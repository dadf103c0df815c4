//! What went wrong with a server, as everybody is told it.

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::is_unprintable;
use mycelium_types::printable;
use mycelium_types::with_causes;
use rmcp::ServiceError;
use rmcp::service::ClientInitializeError;
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use super::connection::MAX_MESSAGE;
use super::remote::RemoteProblem;

/// The longest text of a server in an error, in characters.
const MAX_TEXT: usize = 2_000;

/// What goes wrong over HTTP.
pub(super) type RemoteError = StreamableHttpError<RemoteProblem>;

/// What was asked of the server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// What it has.
    List,
    /// A tool.
    Tool(&'a str),
    /// A resource.
    Resource(&'a str),
}

/// The report of a request that failed while the connection held.
pub(super) fn refused(server: &str, asked: Asked<'_>, error: &ServiceError) -> ErrorReport {
    let about = |code| ErrorReport::new(code).with("server", server);
    match (error, asked) {
        (ServiceError::McpError(error), Asked::Tool(tool)) => about(ErrorCode::ToolFailed)
            .with("tool", printable(tool))
            .with("reason", text(&error.message)),
        (ServiceError::McpError(error), Asked::Resource(uri)) => about(ErrorCode::ToolNotFound)
            .with("tool", printable(uri))
            .with("kind", "resource")
            .with("suggestion", "none")
            .with("reason", text(&error.message)),
        (other, _) => about(ErrorCode::ServerInvalid).with("reason", text(&other.to_string())),
    }
}

/// A server that cannot be started, or has ended.
pub(super) fn ended(server: &str, reason: &str) -> ErrorReport {
    unavailable(server, "failed", reason)
}

/// What went wrong over HTTP, if that is what an error is about.
pub(super) fn remote(error: &DynamicTransportError) -> Option<&RemoteError> {
    error.error.downcast_ref()
}

/// Whether the next request begins anew.
pub(super) fn ends_the_connection(error: &RemoteError) -> bool {
    match error {
        StreamableHttpError::Client(problem) => problem.ends_the_connection(),
        StreamableHttpError::SessionExpired | StreamableHttpError::SessionRecoveryTimeout => true,
        _ => false,
    }
}

/// The report of a request that failed over HTTP.
pub(super) fn of_remote(server: &str, error: &RemoteError) -> ErrorReport {
    let about = |code| ErrorReport::new(code).with("server", server);
    match error {
        StreamableHttpError::Client(RemoteProblem::Unauthorized { status }) => {
            about(ErrorCode::ServerUnauthorized).with("status", status.as_u16())
        }
        StreamableHttpError::Client(RemoteProblem::TooLong) => {
            about(ErrorCode::ServerOutputLimit).with("limit", MAX_MESSAGE)
        }
        StreamableHttpError::Client(problem) => {
            unavailable(server, "remote", &text(&with_causes(problem)))
        }
        StreamableHttpError::SessionExpired => {
            unavailable(server, "remote", "it does not know this client any more")
        }
        error @ (StreamableHttpError::Deserialize(_)
        | StreamableHttpError::UnexpectedContentType(_)
        | StreamableHttpError::UnexpectedServerResponse(_)) => {
            about(ErrorCode::ServerInvalid).with("reason", text(&error.to_string()))
        }
        error => unavailable(server, "remote", &text(&with_causes(error))),
    }
}

/// The report of a handshake over HTTP that failed.
pub(super) fn of_greeting(server: &str, error: &ClientInitializeError) -> ErrorReport {
    let problem = match error {
        ClientInitializeError::TransportError { error, .. } => remote(error),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => {
            return of_greeting(server, fallback);
        }
        _ => None,
    };
    match problem {
        Some(problem) => of_remote(server, problem),
        None => unavailable(server, "remote", &text(&with_causes(error))),
    }
}

fn unavailable(server: &str, cause: &str, reason: &str) -> ErrorReport {
    ErrorReport::new(ErrorCode::ServerUnavailable)
        .with("server", server)
        .with("cause", cause)
        .with("reason", reason)
}

/// What a server says, short enough and safe to be shown.
pub(super) fn text(said: &str) -> String {
    let shown = |c: char| match c {
        c if c.is_whitespace() => ' ',
        c if is_unprintable(c) => '\u{fffd}',
        c => c,
    };
    said.chars().take(MAX_TEXT).map(shown).collect()
}
