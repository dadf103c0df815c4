//! Why a connection could not be had.

use std::io;
use std::time::Duration;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

use crate::InvalidHost;
use crate::Refusal;
use crate::tls::is_about_certificate;

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
    /// The host's certificate is not to be trusted.
    #[error("the certificate of {place} is not to be trusted")]
    Untrusted {
        /// `host:port`.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// TLS failed for another reason.
    #[error("no TLS connection to {place} can be made")]
    Tls {
        /// `host:port`.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The body of a request is not as long as was said.
    #[error("the request's body is not as long as it said")]
    BodyLength,
    /// The host broke the connection.
    #[error("{place} broke the connection")]
    Reset {
        /// `host:port`.
        place: String,
        /// How.
        source: io::Error,
    },
    /// The host closed the connection before it answered.
    #[error("{place} closed the connection without an answer")]
    HungUp {
        /// `host:port`.
        place: String,
    },
    /// The host closed the connection in the middle of the response.
    #[error("{place} closed the connection before the response was complete")]
    Truncated {
        /// `host:port`.
        place: String,
    },
    /// The head of a response is too large.
    #[error(
        "the response's headers of {place} are more than the {limit} bytes or 256 lines that are read"
    )]
    HeadTooLarge {
        /// `host:port`.
        place: String,
        /// How many bytes are read.
        limit: usize,
    },
    /// What came is not an HTTP/1 response.
    #[error("the answer of {place} is no HTTP/1 response: {detail}")]
    NotHttp {
        /// `host:port`.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The host said nothing for too long.
    #[error("{place} said nothing for {} s", limit.as_secs_f32())]
    Silent {
        /// `host:port`.
        place: String,
        /// How long it may say nothing.
        limit: Duration,
    },
    /// A secret that the request names is not stored.
    #[error("the secret `{name}` is not stored: `mycelium config set --secret {name}` stores it")]
    SecretMissing {
        /// Its name.
        name: String,
    },
    /// A secret that the request names cannot be read.
    #[error("the secret `{name}` cannot be read")]
    SecretUnreadable {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// No certificate for a worker can be made.
    #[error("no certificate for the skill's own TLS can be made")]
    Certificate {
        /// Why.
        source: io::Error,
    },
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
        mycelium_types::with_causes(self)
    }

    /// Why there is no TLS connection to `place`.
    pub(crate) fn of_tls(place: String, source: io::Error) -> Self {
        if is_about_certificate(&source) {
            Self::Untrusted { place, source }
        } else {
            Self::Tls { place, source }
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidPolicy(_) => ErrorCode::ManifestInvalid,
            Self::Refused(_) => ErrorCode::SecurityViolation,
            Self::Unresolved { .. }
            | Self::NoAddress { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Untrusted { .. }
            | Self::Tls { .. }
            | Self::BodyLength
            | Self::Reset { .. }
            | Self::HungUp { .. }
            | Self::Truncated { .. }
            | Self::HeadTooLarge { .. }
            | Self::NotHttp { .. }
            | Self::Silent { .. }
            | Self::Closed => ErrorCode::SkillExecutionError,
            Self::SecretMissing { .. } | Self::SecretUnreadable { .. } => ErrorCode::SecretMissing,
            Self::Certificate { .. } | Self::Listeners { .. } => ErrorCode::SandboxUnavailable,
        }
    }
}

impl From<NetworkError> for ErrorReport {
    /// The facts are `reason` only: the caller knows the `skill`.
    fn from(error: NetworkError) -> Self {
        ErrorReport::new(error.code()).with("reason", error.reason())
    }
}
