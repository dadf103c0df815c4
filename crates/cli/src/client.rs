//! The way to the runtime: the daemon's socket, or the library in this process.
//!
//! The path of a call through the daemon is short on purpose: blocking reads, no runtime, no thread, no
//! configuration file. Everything the daemon has to know of this process goes with the request.

mod connection;
mod error;
mod identity;
mod in_process;
mod interrupt;
mod retire;
mod start;
mod surroundings;
mod transport;

pub(crate) use connection::Connection;
pub(crate) use error::ClientError;
pub(crate) use in_process::InProcess;
pub(crate) use interrupt::Interrupt;
pub(crate) use interrupt::Wait;
pub(crate) use retire::ask_to_stop;
pub(crate) use retire::await_end;
pub(crate) use surroundings::Surroundings;
pub(crate) use surroundings::environment;
pub(crate) use transport::Transport;
