//! The commands, one file for each.

mod catalog;
mod completions;
mod config;
mod daemon;
mod demo;
mod discover;
mod doctor;
mod exec;
mod explain;
mod info;
mod lifecycle;
mod list;
mod log;
mod logs;
mod mcp;
mod metrics;
mod pack;
mod ps;
mod search;
mod session;
mod trace;
mod trust;
mod types;
mod unload;
mod validate;
mod watch;

use mycelium_protocol::control::Command;
use mycelium_types::ExitStatus;

use crate::arguments::TypedCommand;
use crate::error::Error;
use crate::render::Output;
use crate::session::Session;

/// Runs a command that needs neither runtime nor home folder, if it is one.
pub(crate) fn run_alone(
    command: &TypedCommand,
    output: &mut Output,
) -> Option<Result<ExitStatus, Error>> {
    match command {
        TypedCommand::Explain { code } => Some(explain::run(code.as_deref(), output)),
        TypedCommand::Completions { shell } => Some(completions::run(*shell, output)),
        TypedCommand::Types => Some(types::run(output)),
        TypedCommand::Discover(_)
        | TypedCommand::List
        | TypedCommand::Search(_)
        | TypedCommand::Catalog(_)
        | TypedCommand::Info(_)
        | TypedCommand::Exec(_)
        | TypedCommand::Trace(_)
        | TypedCommand::Activate(_)
        | TypedCommand::Deactivate(_)
        | TypedCommand::Reload(_)
        | TypedCommand::Unload(_)
        | TypedCommand::Reset(_)
        | TypedCommand::Metrics
        | TypedCommand::Ps
        | TypedCommand::Trust(_)
        | TypedCommand::Revoke { .. }
        | TypedCommand::Validate(_)
        | TypedCommand::Pack(_)
        | TypedCommand::Config { .. }
        | TypedCommand::Doctor
        | TypedCommand::Demo(_)
        | TypedCommand::Log(_)
        | TypedCommand::Daemon { .. }
        | TypedCommand::Mcp { .. }
        | TypedCommand::Session { .. } => None,
    }
}

/// Runs one command.
///
/// # Errors
/// Why it ended early; what it could say about it is not said yet.
pub(crate) fn run(command: TypedCommand, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    match command {
        TypedCommand::Discover(options) => discover::run(options, session),
        TypedCommand::List => list::run(session),
        TypedCommand::Search(options) => search::run(options, session),
        TypedCommand::Catalog(options) => catalog::run(&options, session),
        TypedCommand::Info(skill) => info::run(&skill, session),
        TypedCommand::Exec(options) => exec::run(options, session),
        TypedCommand::Trace(options) => trace::run(options, session),
        TypedCommand::Activate(skill) => lifecycle::run(&skill, session, Command::Activate),
        TypedCommand::Deactivate(skill) => lifecycle::run(&skill, session, Command::Deactivate),
        TypedCommand::Reload(skill) => lifecycle::run(&skill, session, Command::Reload),
        TypedCommand::Reset(skill) => lifecycle::run(&skill, session, Command::Reset),
        TypedCommand::Unload(options) => unload::run(options, session),
        TypedCommand::Metrics => metrics::run(session),
        TypedCommand::Ps => ps::run(session),
        TypedCommand::Trust(options) => trust::grant(&options, session),
        TypedCommand::Revoke { skill } => trust::revoke(skill.as_deref(), session),
        TypedCommand::Validate(options) => validate::run(&options, session),
        TypedCommand::Pack(options) => pack::run(&options, session),
        TypedCommand::Config { action } => config::run(action, session),
        TypedCommand::Doctor => doctor::run(session),
        TypedCommand::Explain { code } => explain::run(code.as_deref(), session.output),
        TypedCommand::Demo(options) => demo::run(options, session),
        TypedCommand::Daemon { action } => daemon::run(action, session),
        TypedCommand::Mcp { action } => mcp::run(&action, session),
        TypedCommand::Session { action } => session::run(&action, session),
        TypedCommand::Log(options) => log::run(options, session),
        TypedCommand::Completions { shell } => completions::run(shell, session.output),
        TypedCommand::Types => types::run(session.output),
    }
}
