//! What went wrong with a server, as everybody is told it.

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::printable;
use rmcp::ServiceError;

/// The longest text of a server in an error, in characters.
const MAX_TEXT: usize = 2_000;

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

/// What a server says, short enough and safe to be shown.
pub(super) fn text(said: &str) -> String {
    let short: String = said.chars().take(MAX_TEXT).collect();
    printable(&short)
}
