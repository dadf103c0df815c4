//! The control API between a client (command line, agent bridge) and the daemon.
//!
//! A connection opens with [`ClientHello`] and [`ServerHello`]. Then every [`Request`] is answered by
//! any number of [`ServerMessage::Event`]s and one [`ServerMessage::Reply`] with its number; requests of
//! one connection run side by side.

mod offers;
mod report;
mod request;
mod selector;
mod servers;
mod tool_prefix;
mod wrap;

pub use crate::worker::AgentIdentity;
pub use mycelium_policy::Answer;
pub use mycelium_policy::Denial;
pub use mycelium_policy::DenialReason;
pub use offers::OfferDetails;
pub use offers::OfferOutcome;
pub use offers::OfferReport;
pub use offers::OfferRequest;
pub use offers::OfferState;
pub use offers::OfferWish;
pub use offers::OfferedFile;
pub use offers::OfferedSkill;
pub use report::AnswerInfo;
pub use report::CallTotals;
pub use report::Candidate;
pub use report::Collision;
pub use report::DaemonStatus;
pub use report::DependencyInfo;
pub use report::Discovery;
pub use report::ExecReport;
pub use report::Instance;
pub use report::LimitUsage;
pub use report::LoadTotals;
pub use report::MethodInfo;
pub use report::MetricsReport;
pub use report::ObservedUse;
pub use report::ParameterInfo;
pub use report::PermissionInfo;
pub use report::ProcessId;
pub use report::ProcessReport;
pub use report::ResourceTotals;
pub use report::SkillChange;
pub use report::SkillInfo;
pub use report::SkillSummary;
pub use report::TraceReport;
pub use report::Transition;
pub use report::TrustReport;
pub use report::UnloadReport;
pub use report::WrappedInfo;
pub use request::AgentContext;
pub use request::Arguments;
pub use request::ClientHello;
pub use request::Command;
pub use request::EndpointAccess;
pub use request::EndpointReport;
pub use request::EndpointRequest;
pub use request::ExecRequest;
pub use request::Reply;
pub use request::Request;
pub use request::RequestContext;
pub use request::SearchRequest;
pub use request::ServerHello;
pub use request::ServerMessage;
pub use request::TraceRequest;
pub use request::TrustRequest;
pub use request::TrustTarget;
pub use selector::InvalidSelector;
pub use selector::SkillSelector;
pub use servers::ServerDescription;
pub use servers::ServerState;
pub use servers::ServerSummary;
pub use servers::ServerTool;
pub use servers::ServersReport;
pub use servers::ToolReport;
pub use servers::ToolRequest;
pub use tool_prefix::InvalidToolPrefix;
pub use tool_prefix::ToolPrefix;
pub use wrap::UnwrapReport;
pub use wrap::WrapReport;
pub use wrap::WrapRequest;
pub use wrap::WrappedCommand;

/// The control API's version. A client and a daemon that differ do not talk.
pub const CONTROL_PROTOCOL: u32 = 1;

/// The session all shells of a workspace share.
pub const SHELL_SESSION: &str = "shell";
