//! The two wires, control API and worker protocol: messages, framing, versioned handshake; no I/O.
#![forbid(unsafe_code)]

pub mod control;
pub mod worker;

mod event;
mod frame;
mod value;

pub use event::Audited;
pub use event::ConsoleLevel;
pub use event::Event;
pub use event::LifecycleStep;
pub use event::NetworkRequest;
pub use event::Operation;
pub use event::RequestVerdict;
pub use event::Violation;
pub use event::ViolationLayer;
pub use frame::FrameDecoder;
pub use frame::FrameError;
pub use frame::MAX_FRAME;
pub use frame::encode_frame;
pub use value::InvalidValue;
pub use value::MAX_NESTING;
pub use value::check_nesting;
pub use value::read_value;
