//! `mcp`: the skills as an MCP server.

mod install;
mod probe;
mod status;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use mycelium_types::ExitStatus;

use crate::arguments::McpAction;
use crate::arguments::Placement;
use crate::bridge;
use crate::client::Transport;
use crate::error::Error;
use crate::session::Session;

pub(super) fn run(action: &McpAction, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    match action {
        McpAction::Serve => serve(session),
        McpAction::Install(options) => install::run(options, session),
        McpAction::Status => status::run(session),
    }
}

/// Speaks MCP on the standard streams. What the daemon serves, this process only passes on.
fn serve(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    if session.settings.placement == Placement::InProcess {
        return Err(Error::usage(
            mycelium_types::Message::new("usage-mcp-in-process").render(Default::default()),
        ));
    }
    let surroundings = session.surroundings.clone();
    let settings = session.settings.clone();
    // Whatever session the environment names, an agent's own ends with it.
    let agent = format!(
        "agent-{}-{:016x}",
        std::process::id(),
        RandomState::new().hash_one(std::process::id())
    );
    let transport = Transport::new()?;
    let connect = move || transport.attach(&surroundings, &settings, &agent);
    bridge::run(connect, session.transport.interrupt())?;
    Ok(ExitStatus::Success)
}
