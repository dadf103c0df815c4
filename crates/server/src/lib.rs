//! The daemon: control socket, metrics endpoint, file watching.
#![forbid(unsafe_code)]
#![recursion_limit = "256"] // what a request waits in is many futures inside one another

mod address;
mod client;
mod daemon;
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
