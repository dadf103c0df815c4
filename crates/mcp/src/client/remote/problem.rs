//! What can go wrong with a server over HTTP.

use std::io;

use http::StatusCode;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use crate::client::failure;

/// What went wrong, in words that go on after the server's name.
#[derive(Debug, thiserror::Error)]
pub(in crate::client) enum RemoteProblem {
    /// A header of its entry is none, or is not for a person to say.
    #[error("the header `{name}` of its entry cannot be sent")]
    Header { name: String },
    /// Nobody answers there.
    #[error("`{place}` cannot be reached")]
    Unreachable {
        place: String,
        #[source]
        source: io::Error,
    },
    /// It is not the server that its certificate would be for, or there is no trusted one.
    #[error("the connection to `{place}` is not secure")]
    Insecure {
        place: String,
        #[source]
        source: io::Error,
    },
    /// The connection ended in the middle.
    #[error("the connection broke off")]
    Broken(#[source] hyper::Error),
    /// It is somewhere else now.
    #[error("it leads to `{to}`: nothing is sent there that is meant for it")]
    Elsewhere { to: String },
    /// It wants to know who asks.
    #[error("it answers with status {}", status.as_u16())]
    Unauthorized { status: StatusCode },
    /// It says no.
    #[error("it answers with status {}{said}", status.as_u16())]
    Status { status: StatusCode, said: String },
    /// Its answer is too long.
    #[error("its answer is too long")]
    TooLong,
    /// The connection is being closed.
    #[error("the connection is closed")]
    Closed,
}

impl RemoteProblem {
    /// What a status means; `said` is the beginning of what came with it.
    pub(super) fn of_status(status: StatusCode, said: &str) -> Self {
        let said = match said.trim() {
            "" => String::new(),
            said => format!(": {}", failure::text(said)),
        };
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Unauthorized { status },
            status => Self::Status { status, said },
        }
    }

    /// Whether the server that was spoken to may be gone, and what it knew of this client with it.
    pub(in crate::client) fn ends_the_connection(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Insecure { .. }
            | Self::Broken(_)
            | Self::TooLong
            | Self::Closed => true,
            Self::Header { .. }
            | Self::Elsewhere { .. }
            | Self::Unauthorized { .. }
            | Self::Status { .. } => false,
        }
    }
}

impl From<RemoteProblem> for StreamableHttpError<RemoteProblem> {
    fn from(problem: RemoteProblem) -> Self {
        Self::Client(problem)
    }
}
