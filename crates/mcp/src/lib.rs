//! MCP both ways: our skills as a server, other servers as a client.
#![forbid(unsafe_code)]

mod arguments;
mod calls;
mod catalogue;
mod client;
mod consent;
mod fixed;
mod http;
mod instructions;
mod name;
mod outcome;
mod progress;
mod published;
mod results;
mod roots;
mod schema;
mod server;
mod session;
mod tools;
mod uri;
mod view;
mod visits;

pub use client::ServerPool;
pub use http::HttpAccess;
pub use http::HttpAgents;
pub use http::HttpPeers;
pub use http::SESSION_KEY;
pub use session::serve;
pub use tools::AgentTools;
