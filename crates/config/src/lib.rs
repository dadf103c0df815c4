//! Layers system, user, project, environment and runtime into one typed configuration that knows where each value came from.
//!
//! The layers, each overriding the ones before it:
//!
//! 1. the built-in defaults, which the fields of [`Configuration`] tell;
//! 2. the system's file, `/etc/claude/skills.json`;
//! 3. the person's file, `~/.claude/skills.config`;
//! 4. the workspace's file, `<workspace>/.claude/skills.json`, which can only make stricter what
//!    concerns more than the workspace until the person trusts it;
//! 5. the client's environment: each key has a variable, see [`Key::variable`];
//! 6. what the caller sets, such as flags on a command line.
//!
//! Objects are merged member by member, everything else replaces what lies below. The files are
//! JSON with comments. Strings in them may take `${VAR}` and `${VAR:-default}` from the client's
//! environment; `$${` is a plain `${`.
//!
//! Nothing here reads the process's own environment or looks for a home folder: the caller says.
#![forbid(unsafe_code)]

mod agent_view;
mod agents;
mod claude;
mod claude_home;
mod configuration;
mod defaults;
mod edit;
mod error;
mod interpolation;
mod key;
mod layer;
mod plugins;
mod reading;
mod secrets;
mod section;
mod servers;
mod skill_schema;
mod skill_settings;
mod source;
mod tighten;
mod tree;
mod workspace;

pub use agent_view::AgentPlaces;
pub use agent_view::AgentView;
pub use agent_view::ViewReason;
pub use agent_view::ViewingAgent;
pub use agents::AgentClient;
pub use agents::AgentFile;
pub use agents::AgentScope;
pub use agents::EntryChange;
pub use agents::EntryOutcome;
pub use agents::SERVER_NAME;
pub use agents::ServerEntry;
pub use agents::codex_home;
pub use claude::ClaudePlaces;
pub use claude::ClaudeSettings;
pub use claude::SkillVisibility;
pub use claude_home::ClaudeHome;
pub use configuration::Breaker;
pub use configuration::Configuration;
pub use configuration::Daemon;
pub use configuration::Dependencies;
pub use configuration::Execution;
pub use configuration::Instances;
pub use configuration::LogLevel;
pub use configuration::Mcp;
pub use configuration::Monitoring;
pub use configuration::Security;
pub use configuration::ServerEntries;
pub use configuration::Setting;
pub use configuration::SkillOwner;
pub use configuration::SkillSettings;
pub use configuration::configuration_schema;
pub use edit::parse_value;
pub use edit::set_value;
pub use edit::unset_value;
pub use error::ConfigError;
pub use key::Key;
pub use key::KeyKind;
pub use key::VARIABLE_PREFIX;
pub use key::keys;
pub use layer::Layer;
pub use layer::Origin;
pub use plugins::PluginRoot;
pub use plugins::PluginRoots;
pub use plugins::plugin_roots;
pub use reading::ConfigurationReading;
pub use secrets::SecretStore;
pub use servers::ServerCommand;
pub use servers::ServerDefinition;
pub use servers::ServerOrigin;
pub use servers::ServerSources;
pub use servers::ServerTransport;
pub use servers::Servers;
pub use skill_schema::InvalidSchema;
pub use skill_schema::SchemaProblem;
pub use skill_schema::ShowValues;
pub use skill_schema::SkillSchema;
pub use source::ConfigurationFiles;
pub use source::ConfigurationSources;
pub use source::Override;
pub use workspace::RootKind;
pub use workspace::SkillRoot;
pub use workspace::Workspace;
pub use workspace::expand_home;
pub use workspace::skill_roots;
