//! The daemon: control socket, agents over HTTP, metrics endpoint, file watching.
#![forbid(unsafe_code)]

mod address;
mod client;
mod daemon;
mod endpoint;
mod identity;
mod listener;
mod metrics;
mod watch;

pub use address::SocketAddress;
pub use daemon::DAEMON_ARGUMENT;
pub use daemon::DaemonOptions;
pub use daemon::READY;
pub use daemon::run;
pub use identity::build_stamp;
pub use identity::is_newer;
