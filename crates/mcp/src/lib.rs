//! Our skills as an MCP server: tools, search, results, sessions.
#![forbid(unsafe_code)]

mod arguments;
mod catalogue;
mod fixed;
mod http;
mod name;
mod outcome;
mod progress;
mod results;
mod schema;
mod server;
mod session;

pub use http::HttpAccess;
pub use http::HttpAgents;
pub use http::SESSION_KEY;
pub use session::serve;
