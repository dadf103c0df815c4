//! `session`: open and close sessions by name, for people and for the hooks of Claude Code.

use std::io::Write as _;
use std::path::Path;

use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use mycelium_types::Message;
use serde::Deserialize;
use serde_json::json;

use crate::arguments::Placement;
use crate::arguments::SessionAction;
use crate::arguments::SessionName;
use crate::arguments::SessionOptions;
use crate::error::Error;
use crate::input;
use crate::render::Text;
use crate::session::Session;

/// The file whose lines Claude Code runs before the commands of a conversation.
const ENVIRONMENT_FILE: &str = "CLAUDE_ENV_FILE";

/// What Claude Code tells its hooks, as far as it matters here.
#[derive(Deserialize)]
struct HookInput {
    session_id: String,
}

pub(super) fn run(action: &SessionAction, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    match action {
        SessionAction::Open(options) => open(options, session)?,
        SessionAction::Close(options) => close(options, session)?,
    }
    Ok(ExitStatus::Success)
}

/// Whatever a hook prints would go into the agent's context, so it prints nothing.
fn open(options: &SessionOptions, session: &mut Session<'_>) -> Result<(), Error> {
    let name = named(options, session)?;
    let line = format!("export MYCELIUM_SESSION={name}");
    if options.hook
        && let Some(file) = session.surroundings.environment.get(ENVIRONMENT_FILE)
    {
        append(Path::new(file), &line).map_err(Error::File)?;
    }
    // Instances in this process end with it anyway.
    if session.settings.placement == Placement::Daemon {
        session
            .transport
            .connect(session.surroundings, session.settings)?;
    }
    if options.hook {
        return Ok(());
    }
    let value = json!({ "session": name, "open": true });
    session.output.result(&value, |page| page.line(line))
}

fn close(options: &SessionOptions, session: &mut Session<'_>) -> Result<(), Error> {
    let name = named(options, session)?;
    let is_told = session.settings.placement == Placement::Daemon
        && session
            .transport
            .end_session(session.surroundings, name.as_str())?;
    if options.hook {
        return Ok(());
    }
    let text = match is_told {
        true => Text::new("session-closed").with("session", &name),
        false => Text::new("daemon-absent"),
    };
    let value = json!({ "session": name, "open": false });
    session.output.result(&value, |page| page.say(&text))
}

fn named(options: &SessionOptions, session: &Session<'_>) -> Result<SessionName, Error> {
    if let Some(name) = &options.name {
        return Ok(name.clone());
    }
    let text = input::read_all(session.transport.interrupt())?;
    let name = serde_json::from_str::<HookInput>(&text)
        .map_err(|error| error.to_string())
        .and_then(|told| SessionName::of_claude_code(&told.session_id));
    name.map_err(|reason| {
        let message = Message::new("usage-session-hook").with("reason", reason);
        Error::usage(message.render(Locale::default()))
    })
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    let mut file = fs_err::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)?;
    writeln!(file, "{line}")
}
