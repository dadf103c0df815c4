//! Why the daemon cannot be asked.

use std::io;
use std::path::PathBuf;

use mycelium_protocol::FrameError;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

/// Why the daemon cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The socket cannot be connected to.
    #[error("cannot connect to {}: {source}", socket.display())]
    Connect {
        socket: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Somebody else listens on the socket.
    #[error("{} belongs to user {uid}", socket.display())]
    ForeignPeer { socket: PathBuf, uid: u32 },
    /// The daemon took too long to say hello.
    #[error("it does not answer (process {pid})")]
    Silent { pid: i32 },
    /// A daemon that speaks another protocol runs and is not older.
    #[error("the one that runs (process {pid}, version {version}) is newer than this program")]
    Newer { pid: u32, version: String },
    /// The daemon ended, or closed the connection.
    #[error("it ended in the middle of the command")]
    Lost,
    /// The daemon stopped before it had the whole request.
    #[error("it stopped before it took the command")]
    NotTaken,
    /// The daemon's words make no sense.
    #[error("it said something that makes no sense: {reason}")]
    Nonsense { reason: String },
    /// What is to be sent cannot be.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A step of starting the daemon failed.
    #[error("it cannot be started: {step}: {source}")]
    Start {
        step: &'static str,
        #[source]
        source: io::Error,
    },
    /// A daemon that speaks another protocol runs.
    #[error("the one that runs (process {pid}, version {version}) speaks another protocol")]
    OtherProtocol { pid: u32, version: String },
    /// The daemon ended before it was ready.
    #[error("it ended before it was ready: {last} (its log is {})", log.display())]
    Stillborn { log: PathBuf, last: String },
    /// Every daemon asked was about to end.
    #[error("it was replaced again and again")]
    Unsettled,
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
    /// Waiting failed.
    #[error("cannot wait for it: {0}")]
    Wait(#[source] io::Error),
}

impl From<ClientError> for ErrorReport {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Interrupted => Self::new(ErrorCode::Interrupted),
            ClientError::Connect { .. }
            | ClientError::ForeignPeer { .. }
            | ClientError::Silent { .. }
            | ClientError::Newer { .. }
            | ClientError::OtherProtocol { .. }
            | ClientError::Lost
            | ClientError::NotTaken
            | ClientError::Nonsense { .. }
            | ClientError::Frame(_)
            | ClientError::Start { .. }
            | ClientError::Stillborn { .. }
            | ClientError::Unsettled
            | ClientError::Wait(_) => Self::new(ErrorCode::DaemonUnavailable).with("reason", error),
        }
    }
}
