//! `mcp`: the skills as an MCP server, and other servers.

mod endpoint;
mod install;
mod offers;
mod probe;
mod servers;
mod status;
mod wrap;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use mycelium_types::Message;

use crate::arguments::McpAction;
use crate::arguments::Placement;
use crate::arguments::ServeOptions;
use crate::bridge;
use crate::client::Transport;
use crate::error::Error;
use crate::session::Session;

pub(super) fn run(action: &McpAction, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    match action {
        McpAction::Serve(options) => match options.http {
            None => serve(options, session),
            Some(address) => endpoint::run(address, options, session),
        },
        McpAction::Install(options) => install::run(options, session),
        McpAction::Status => status::run(session),
        McpAction::Servers => servers::list(session),
        McpAction::Tools { server } => servers::tools(server, session),
        McpAction::Wrap(options) => wrap::wrap(options, session),
        McpAction::Unwrap { name } => wrap::unwrap(name, session),
        McpAction::Call(options) => servers::call(options, session),
        McpAction::Read { server, uri } => servers::read(server, uri, session),
        McpAction::Skills { server } => offers::list(server, session),
        McpAction::Skill { server, skill } => offers::show(server, skill, session),
        McpAction::InstallSkill(options) => offers::take(options, session),
    }
}

/// Speaks MCP on the standard streams. What the daemon serves, this process only passes on.
fn serve(options: &ServeOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    refuse_without_daemon(session)?;
    let surroundings = session.surroundings.clone();
    let settings = session.settings.clone();
    let agent = own_session("agent");
    let prefix = options.tool_prefix.clone().unwrap_or_default();
    let transport = Transport::new()?;
    let connect = move || transport.attach(&surroundings, &settings, &agent, &prefix);
    bridge::run(connect, session.transport.interrupt())?;
    Ok(ExitStatus::Success)
}

/// Agents share the daemon.
fn refuse_without_daemon(session: &Session<'_>) -> Result<(), Error> {
    match session.settings.placement {
        Placement::Daemon => Ok(()),
        Placement::InProcess => {
            let message = Message::new("usage-mcp-in-process");
            Err(Error::usage(message.render(Locale::default())))
        }
    }
}

/// The name of a session that nobody else has: whatever the environment names, an agent's own ends with it.
fn own_session(kind: &str) -> String {
    format!(
        "{kind}-{}-{:016x}",
        std::process::id(),
        RandomState::new().hash_one(std::process::id())
    )
}
