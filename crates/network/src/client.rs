//! HTTP/1.1 for a worker that has no sockets: one request on one connection, and its response.
//!
//! The broker sees each request, so that limits of methods hold for HTTPS too. Connections are not kept: which
//! request a connection is for is then never in doubt, and nothing of one request can be taken for another.

mod exchange;
mod head;
mod payload;
mod request;
#[cfg(test)]
mod tests;

pub use exchange::HttpClient;
pub use exchange::RequestSource;
pub use exchange::ResponsePart;
pub use exchange::ResponseSink;
pub use head::ResponseHead;
pub use request::BodyLength;
pub use request::HttpRequest;
pub use request::InvalidRequest;
