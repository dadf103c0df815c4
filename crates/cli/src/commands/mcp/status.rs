//! `mcp status`: which agents have this program in their configuration, and whether what they have works.

use mycelium_config::AgentClient;
use mycelium_config::AgentFile;
use mycelium_config::AgentScope;
use mycelium_config::ServerEntry;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use serde::Serialize;
use serde_json::json;

use super::install::file;
use super::probe;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Table;
use crate::render::Text;
use crate::session::Session;

/// One file of an agent.
#[derive(Debug, Serialize)]
struct Installed {
    client: AgentClient,
    scope: AgentScope,
    file: std::path::PathBuf,
    state: State,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<ServerEntry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// There is no entry.
    Absent,
    /// What the entry says answers as this program does.
    Works,
    /// It does not, or the file cannot be understood.
    Broken,
}

pub(super) fn run(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let mut all = Vec::new();
    for client in AgentClient::ALL {
        for scope in AgentScope::ALL {
            let file = file(client, scope, session.surroundings);
            all.push(look(file, session)?);
        }
    }
    let is_broken = all.iter().any(|one| one.state == State::Broken);
    let value = json!({ "clients": all });
    session.output.result(&value, |page| describe(&all, page))?;
    Ok(match is_broken {
        true => ExitStatus::Invalid,
        false => ExitStatus::Success,
    })
}

fn look(file: AgentFile, session: &mut Session<'_>) -> Result<Installed, Error> {
    let (state, reason, entry) = match file.entry() {
        Ok(None) => (State::Absent, None, None),
        Ok(Some(entry)) => match probe::greet(&entry, session)? {
            Ok(()) => (State::Works, None, Some(entry)),
            Err(reason) => (State::Broken, Some(reason), Some(entry)),
        },
        Err(error) => {
            let report = ErrorReport::from(error);
            let reason = report.context.get("reason").cloned();
            (State::Broken, reason, None)
        }
    };
    Ok(Installed {
        client: file.client,
        scope: file.scope,
        file: file.path,
        state,
        reason,
        entry,
    })
}

fn describe(all: &[Installed], page: &mut Page) {
    let locale = page.look().locale;
    let head = Text::new("mcp-status-head");
    let mut table =
        Table::new(["client", "scope", "state", "file"].map(|name| head.attribute(name, locale)));
    for one in all {
        let state = match one.state {
            State::Absent => "absent",
            State::Works => "works",
            State::Broken => "broken",
        };
        table.row([
            one.client.to_string(),
            one.scope.to_string(),
            Text::new("mcp-state").with("state", state).render(locale),
            one.file.display().to_string(),
        ]);
    }
    table.add_to(page);
    for one in all.iter().filter(|one| one.state == State::Broken) {
        let text = Text::new("mcp-broken")
            .with("client", one.client)
            .with("scope", one.scope)
            .with("reason", one.reason.as_deref().unwrap_or_default());
        page.say_styled(Style::Caution, &text);
        page.line(text.attribute("help", locale));
    }
}
