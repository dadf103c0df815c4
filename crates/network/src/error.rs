//! Why a connection could not be had.

use std::io;
use std::time::Duration;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

use crate::InvalidHost;
use crate::Refusal;

/// Why a connection could not be had.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A policy names something that is no host.
    #[error(transparent)]
    InvalidPolicy(#[from] InvalidHost),
    /// The policy refuses it.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The name cannot be looked up.
    #[error("`{host}` cannot be looked up")]
    Unresolved {
        /// The name.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The name has no address.
    #[error("`{host}` has no address")]
    NoAddress {
        /// The name.
        host: String,
    },
    /// No address of the host answers.
    #[error("{place} cannot be connected to")]
    Unreachable {
        /// `host:port`.
        place: String,
        /// Why, of the last address that was tried.
        source: io::Error,
    },
    /// It took too long.
    #[error("connecting to {place} took longer than {} s", limit.as_secs_f32())]
    TimedOut {
        /// `host:port`.
        place: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The skill is being unloaded.
    #[error("the skill's connections are closed")]
    Closed,
    /// The worker's end cannot be served.
    #[error("the listeners of a worker cannot be used")]
    Listeners {
        /// Why.
        source: io::Error,
    },
}

impl NetworkError {
    /// The whole story, causes included, in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }

    fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidPolicy(_) => ErrorCode::ManifestInvalid,
            Self::Refused(_) => ErrorCode::SecurityViolation,
            Self::Unresolved { .. }
            | Self::NoAddress { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Closed => ErrorCode::SkillExecutionError,
            Self::Listeners { .. } => ErrorCode::SandboxUnavailable,
        }
    }
}

impl From<NetworkError> for ErrorReport {
    /// The facts are `reason` only: the caller knows the `skill`.
    fn from(error: NetworkError) -> Self {
        ErrorReport::new(error.code()).with("reason", error.reason())
    }
}
