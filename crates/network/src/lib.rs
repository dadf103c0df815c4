//! The broker: names, connections and requests of a worker, allowed, limited, logged.
#![forbid(unsafe_code)]

mod address;
mod broker;
mod bucket;
mod connection;
mod dial;
mod environment;
mod error;
mod gate;
mod greeting;
mod host;
mod http;
mod lookup;
mod method;
mod names;
mod opening;
mod pattern;
mod record;
mod refusal;
mod resolve;
mod serve;

pub use address::AddressKind;
pub use broker::Broker;
pub use broker::BrokerLimits;
pub use bucket::Bucket;
pub use connection::Connection;
pub use environment::proxy_environment;
pub use error::NetworkError;
pub use gate::Gate;
pub use host::Host;
pub use host::HostName;
pub use host::InvalidHost;
pub use method::Method;
pub use pattern::HostPattern;
pub use record::Attempt;
pub use record::NetworkObserver;
pub use record::Protocol;
pub use record::RequestRecord;
pub use record::Verdict;
pub use refusal::Refusal;
pub use refusal::RefusalReason;
pub use resolve::Resolve;
pub use resolve::ResolveFuture;
pub use resolve::SystemResolver;
pub use serve::WorkerSockets;
