//! MCP both ways: our skills as a server, other servers as a client.
#![forbid(unsafe_code)]

mod arguments;
mod catalogue;
mod client;
mod fixed;
mod http;
mod name;
mod outcome;
mod progress;
mod results;
mod schema;
mod server;
mod session;

pub use client::ServerPool;
pub use http::HttpAccess;
pub use http::HttpAgents;
pub use http::SESSION_KEY;
pub use session::serve;
