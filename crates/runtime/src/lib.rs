//! The library: lifecycle, supervision, execution, hooks, retry, breaker, telemetry.
#![forbid(unsafe_code)]

mod agent_catalog;
mod answers;
mod arguments;
mod asking;
mod atomic_file;
mod atomic_folder;
mod audit;
pub mod blocking;
mod breaker;
mod bytecode;
mod cancelling;
mod catalogue;
mod claude;
mod compile;
mod connection;
mod desk;
mod ending;
mod exchanges;
mod execution;
mod exports;
mod failure;
mod folders;
mod gauges;
mod hook;
mod host_calls;
mod host_paths;
mod info;
mod inner;
mod instance;
mod key_value;
mod known_skills;
mod last_use;
mod launch;
mod lifecycle;
mod listener;
mod live_worker;
mod meter;
mod metrics;
mod network;
mod operations;
mod output;
mod packages;
mod planted;
mod published;
mod restarts;
mod runtime;
mod servers;
mod skill_calls;
mod soon;
mod space;
mod stamp;
mod standing;
mod suggestion;
mod supervisor;
mod ticket;
mod trace;
mod transition;
mod trust;
mod validate;
mod watch;
mod workspace;
mod wrap;

use std::sync::Arc;

pub use agent_catalog::AgentCatalog;
pub use agent_catalog::CatalogAgent;
pub use agent_catalog::CatalogCollision;
pub use agent_catalog::CatalogEntry;
pub use agent_catalog::Fit;
pub use claude::Audience;
pub use exports::ExportedFunction;
pub use exports::ExportedSkill;
pub use exports::Exports;
pub use folders::Folders;
pub use hook::LifecycleHook;
pub use hook::Stage;
pub use hook::StageOutcome;
pub use instance::WatchedSkill;
/// Verified skills, and what verifying takes.
pub use mycelium_loader as loader;
pub use mycelium_policy::Rung;
pub use mycelium_protocol::ConsoleLevel;
pub use mycelium_protocol::Event;
pub use mycelium_protocol::LifecycleStep;
pub use mycelium_protocol::Operation;
pub use mycelium_protocol::Violation;
/// What is asked and answered: plain data, the same for a runtime in this process and for the daemon.
pub use mycelium_protocol::control;
/// Records of known skills, and the registry that finds and searches them.
pub use mycelium_registry as registry;
pub use mycelium_sandbox::DoctorReport;
pub use mycelium_sandbox::Note;
pub use mycelium_sandbox::Outcome as AttackOutcome;
pub use mycelium_sandbox::SandboxError;
pub use mycelium_sandbox::SandboxReport;
pub use mycelium_sandbox::close_inherited;
pub use mycelium_sandbox::hide_memory;
pub use mycelium_sandbox::probe as doctor;
pub use mycelium_sandbox::release_code;
pub use mycelium_sandbox::take_short_turns;
/// The nouns of it all: names, versions, manifests, errors.
pub use mycelium_types as types;
pub use packages::PackedSkill;
pub use packages::pack_skill;
pub use packages::read_package;
pub use published::AgentInstructions;
pub use published::PublishedSkill;
pub use runtime::RuntimeOptions;
pub use runtime::SkillRuntime;
pub use servers::InvalidUrl;
pub use servers::RemoteServer;
pub use servers::ServerClient;
pub use servers::ServerFuture;
pub use servers::ServerPlace;
pub use servers::ServerProgram;
pub use servers::ServerTarget;
pub use servers::ServerUrl;
pub use servers::ToolCall;
pub use servers::ToolSchema;
pub use servers::UrlScheme;
pub use transition::IllegalTransition;
pub use transition::TRANSITIONS;
pub use validate::Validation;
pub use workspace::read_configuration;

/// Somebody who hears of events as they happen. Called from any thread; it must not block.
pub type EventSink = Arc<dyn Fn(mycelium_protocol::Event) + Send + Sync>;

/// The programs of the guide are compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct EmbeddingGuide;
