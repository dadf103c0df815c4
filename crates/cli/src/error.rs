//! Why a command ended early.

use std::io;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

use crate::client::ClientError;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A coded failure that is shown as it is.
    #[error(transparent)]
    Report(#[from] Box<ErrorReport>),
    /// The daemon could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nobody reads the output any more, which is no error of anybody's.
    #[error("nobody reads the output")]
    BrokenPipe,
    /// The output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] io::Error),
    /// A value cannot be written as JSON.
    #[error("a result cannot be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    /// A file or folder cannot be used.
    #[error("{0}")]
    File(#[source] io::Error),
}

impl Error {
    /// A failure of writing to standard output.
    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Output(error),
        }
    }

    /// A command line that makes no sense for `reason`, a sentence.
    pub(crate) fn usage(reason: impl std::fmt::Display) -> Self {
        Self::from(ErrorReport::new(ErrorCode::Usage).with("reason", reason))
    }
}

impl From<ErrorReport> for Error {
    fn from(report: ErrorReport) -> Self {
        Self::Report(Box::new(report))
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        match error {
            Error::Report(report) => *report,
            Error::Client(error) => error.into(),
            Error::BrokenPipe | Error::Output(_) | Error::File(_) => {
                Self::new(ErrorCode::StateUnavailable).with("reason", error)
            }
            Error::Encode(_) => Self::internal(error),
        }
    }
}
