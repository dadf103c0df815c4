//! What a skill asked for, cut by what was granted: one SandboxPolicy with a reason for every denial; pure.
#![forbid(unsafe_code)]

mod bounds;
mod evaluate;
mod grant;
mod network;
mod policy;
mod program;
mod protected;

pub use bounds::GRANT_PATTERN;
pub use bounds::GrantBounds;
pub use bounds::GrantPattern;
pub use bounds::InvalidGrantPattern;
pub use evaluate::Evaluation;
pub use evaluate::HostPaths;
pub use evaluate::Origin;
pub use evaluate::PolicyRequest;
pub use evaluate::evaluate;
pub use evaluate::observe;
pub use grant::Answer;
pub use grant::Grant;
pub use grant::WorkspaceTrust;
pub use grant::answer_to;
pub use network::NetworkGrant;
pub use network::NetworkPolicy;
pub use network::PROXY_PORT;
pub use network::SecretGrant;
pub use policy::BYTECODE_PATH;
pub use policy::DATA_PATH;
pub use policy::DEPENDENCIES_PATH;
pub use policy::Denial;
pub use policy::DenialReason;
pub use policy::PathGrant;
pub use policy::Rung;
pub use policy::SandboxPolicy;
pub use program::ChildProcesses;
pub use program::CommandGrant;
pub use program::PROGRAM_FOLDERS;
pub use program::ProgramPolicy;
pub use program::RUNTIME_FOLDERS;
pub use program::RUNTIME_SETTINGS;
pub use program::SANDBOX_FOLDERS;
pub use program::SANDBOX_SETTINGS;
pub use protected::UNCOUNTED;
pub use protected::is_protected_name;
