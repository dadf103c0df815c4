//! The command line from end to end: the real program, its daemon, real sandboxes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support {
    mod agent;
    mod claude_code;
    mod disk;
    mod endpoint;
    mod environment;
    mod outcome;
    mod port;
    mod process;
    mod requirement;
    mod stream;
    mod terminal;
    mod transcript;

    pub(crate) use agent::Agent;
    pub(crate) use claude_code::ClaudeCode;
    pub(crate) use disk::Disk;
    pub(crate) use endpoint::Endpoint;
    pub(crate) use environment::TestEnvironment;
    pub(crate) use outcome::Outcome;
    pub(crate) use port::free_port;
    pub(crate) use process::Process;
    pub(crate) use process::until;
    pub(crate) use requirement::missing;
    pub(crate) use requirement::registry_answers;
    pub(crate) use requirement::sandbox_holds;
    pub(crate) use stream::EventStream;
    pub(crate) use terminal::Terminal;
    pub(crate) use transcript::mismatch;
    pub(crate) use transcript::parse;
}

mod suite {
    mod agent_files;
    mod agents;
    mod agents_consent;
    mod agents_context;
    mod agents_faults;
    mod agents_gone;
    mod agents_http;
    mod agents_idle;
    mod agents_instructions;
    mod agents_listening;
    mod agents_peers;
    mod agents_roots;
    mod calls;
    mod catalog;
    mod configuration;
    mod daemon;
    mod demo;
    mod lifecycle;
    mod log;
    mod packages;
    mod plugin;
    mod plugins;
    mod reference;
    mod servers;
    mod servers_http;
    mod servers_offers;
    mod shell;
    mod skills;
    mod specification;
    mod storage;
    mod terminal;
    mod tls;
    mod trust;
    mod usage;
    mod validation;
    mod wrapped;
    mod wrapped_health;
    mod wrapped_offers;
}
