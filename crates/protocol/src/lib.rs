//! The two wires, control API and worker protocol: messages, framing, versioned handshake; no I/O.
#![forbid(unsafe_code)]

pub mod control;
pub mod worker;

mod event;
mod frame;

pub use event::Audited;
pub use event::ConsoleLevel;
pub use event::Event;
pub use event::LifecycleStep;
pub use event::Operation;
pub use event::Violation;
pub use frame::FrameDecoder;
pub use frame::FrameError;
pub use frame::MAX_FRAME;
pub use frame::encode_frame;
