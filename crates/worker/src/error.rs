//! Why a worker ends before it is told to.

use mycelium_protocol::FrameError;
use mycelium_protocol::worker::Failure;

/// Why a worker ends before it is told to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// The socket to the runtime failed.
    #[error("the socket to the runtime failed")]
    Socket(#[from] std::io::Error),
    /// What came is no frame, or what was to be sent does not fit into one.
    #[error("the frames are out of step")]
    Frame(#[from] FrameError),
    /// What came is not JSON.
    #[error("a frame cannot be read")]
    Json(#[from] serde_json::Error),
    /// The engine did not start.
    #[error("the engine did not start: {}", .0.message)]
    Engine(Failure),
}
