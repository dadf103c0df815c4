//! The tamper-evident log: one writer, chain, checkpoints, verification.
#![forbid(unsafe_code)]

mod chain;
mod checkpoint;
mod entry;
mod error;
mod event;
mod folder;
mod key;
mod log;
mod reading;
mod receipt;
mod recovery;
mod redaction;
mod verification;
mod writer;

pub use entry::Entry;
pub use entry::MAX_LINE;
pub use error::AuditError;
pub use event::AuditEvent;
pub use event::GrantScope;
pub use event::Level;
pub use event::Outcome;
pub use event::Record;
pub use event::Subject;
pub use event::Verdict;
pub use folder::AuditFolder;
pub use key::PublicKey;
pub use log::AuditLog;
pub use log::AuditSettings;
pub use reading::Follower;
pub use reading::Line;
pub use receipt::Receipt;
pub use receipt::Recorded;
pub use redaction::REDACTED;
pub use redaction::without_secrets;
pub use verification::Anchor;
pub use verification::Finding;
pub use verification::Place;
pub use verification::Verification;
pub use verification::verify;
