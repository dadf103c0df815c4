//! `config … --secret`: values that are kept encrypted and never shown.

use std::io::IsTerminal as _;

use mycelium_config::SecretStore;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Message;
use mycelium_types::SecretValue;
use mycelium_types::printable;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Termios;
use rustix::termios::tcgetattr;
use rustix::termios::tcsetattr;
use serde_json::json;
use zeroize::Zeroizing;

use super::report;
use crate::error::Error;
use crate::input;
use crate::render::Text;
use crate::session::Session;

fn store(session: &Session<'_>) -> SecretStore {
    SecretStore::below(&session.surroundings.folders.state)
}

/// Stores a value, which comes from standard input or is typed unseen: an argument could be seen by others.
pub(super) fn set(name: &str, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    // The value is in it from here on: no core dump and no other program of the person gets it.
    mycelium_runtime::hide_memory();
    let text = if std::io::stdin().is_terminal() {
        let _unseen = Unseen::begin();
        let question = Text::new("config-secret-question").with("name", printable(name));
        session.output.prompt("config-secret-prompt", &question);
        input::read_line(session.transport.interrupt())?
    } else {
        input::read_all(session.transport.interrupt())?
    };
    let text = Zeroizing::new(text);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let value = SecretValue::new(Zeroizing::new(line.to_owned())).ok_or_else(|| {
        let reason = Message::new("config-secret-value").render(session.output.locale());
        ErrorReport::new(ErrorCode::ConfigInvalid).with("reason", reason)
    })?;
    store(session).set(name, value).map_err(report)?;
    let text = Text::new("config-secret-set").with("name", name);
    let json = json!({ "secret": name, "changed": true });
    session.output.result(&json, |page| page.say(&text))?;
    Ok(ExitStatus::Success)
}

pub(super) fn unset(name: &str, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let changed = store(session).remove(name).map_err(report)?;
    let key = match changed {
        true => "config-secret-unset",
        false => "config-secret-not-set",
    };
    let text = Text::new(key).with("name", printable(name));
    let json = json!({ "secret": name, "changed": changed });
    session.output.result(&json, |page| page.say(&text))?;
    Ok(ExitStatus::Success)
}

/// Shows the names, which is all there is to show.
pub(super) fn list(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let names = store(session).names().map_err(report)?;
    session
        .output
        .result(&json!({ "secrets": names }), |page| {
            for name in &names {
                page.line(name.clone());
            }
            if names.is_empty() {
                page.say(&Text::new("config-secrets-none"));
            }
        })?;
    Ok(ExitStatus::Success)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Unseen(Option<Termios>);

impl Unseen {
    fn begin() -> Self {
        let before = tcgetattr(std::io::stdin()).ok();
        if let Some(before) = &before {
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ECHO);
            modes.local_modes.insert(LocalModes::ECHONL);
            // A terminal that cannot hide it is still one that somebody types at.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &modes);
        }
        Self(before)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}
