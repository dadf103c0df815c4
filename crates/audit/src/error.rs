//! Why the log cannot be kept or read.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

/// Why the log cannot be kept or read. One failure can have many who wait for it, so it can be cloned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuditError {
    /// A file or folder cannot be read or written: a full disk, most likely, or missing permission.
    #[error("the audit log cannot be used: {0}")]
    File(#[source] Arc<io::Error>),
    /// The key that signs checkpoints may be read by others, who could forge them.
    #[error("the audit key {path} may be read by others; run `chmod 600` on it, or remove it to get a new one", path = .0.display())]
    KeyExposed(PathBuf),
    /// The key's file is no key.
    #[error("{path} is not an audit key", path = .0.display())]
    KeyInvalid(PathBuf),
    /// Too much waits to be written.
    #[error("the audit log cannot be written for so long that {0} entries were lost")]
    Overflow(u64),
    /// The log was closed before the entry was written.
    #[error("the audit log is closed")]
    Closed,
}

impl From<io::Error> for AuditError {
    fn from(error: io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl From<AuditError> for ErrorReport {
    fn from(error: AuditError) -> Self {
        Self::new(ErrorCode::AuditUnavailable).with("reason", error)
    }
}
