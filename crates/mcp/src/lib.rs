//! Our skills as an MCP server: tools, search, results, sessions.
#![forbid(unsafe_code)]

mod arguments;
mod catalogue;
mod fixed;
mod name;
mod outcome;
mod results;
mod schema;
mod server;
mod session;

pub use session::serve;
