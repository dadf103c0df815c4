//! `mcp install`: this program in the configuration of an agent.

use std::collections::BTreeMap;

use mycelium_config::AgentClient;
use mycelium_config::AgentFile;
use mycelium_config::AgentScope;
use mycelium_config::ConfigError;
use mycelium_config::EntryOutcome;
use mycelium_config::ServerEntry;
use mycelium_types::CLAUDE_FOLDER_VARIABLE;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use serde_json::json;

use crate::arguments::InstallOptions;
use crate::client::Surroundings;
use crate::error::Error;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;

/// Variables that say where the program keeps its files. Agents do not pass them on.
const PLACES: [&str; 4] = [
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// Those that are this person's alone, and no business of a project's file.
const OWN_PLACES: &[&str] = &[CLAUDE_FOLDER_VARIABLE];

pub(super) fn run(
    options: &InstallOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let file = file(options.client, options.scope, session.surroundings);
    let entry = entry(&file, session.surroundings)?;
    if options.print {
        return print(&file, &entry, session);
    }
    let backups = session.surroundings.folders.state.join("agents");
    let (change, word) = match options.uninstall {
        true => (file.uninstall(&backups), "uninstalled"),
        false => (file.install(&entry, &backups), "installed"),
    };
    let change = change.map_err(|error| refused(error, options))?;
    let changed = change.outcome == EntryOutcome::Changed;
    let value = json!({
        "client": file.client,
        "scope": file.scope,
        "file": file.path,
        "changed": changed,
        "backup": change.backup,
        "entry": (!options.uninstall).then_some(&entry),
    });
    session.output.result(&value, |page| {
        let text = Text::new(format!("mcp-{word}"))
            .with("client", file.client)
            .with("file", file.path.display())
            .with("change", if changed { "changed" } else { "unchanged" });
        page.say(&text);
        if let Some(backup) = &change.backup {
            page.say_styled(
                Style::Faint,
                &Text::new("mcp-backup").with("file", backup.display()),
            );
        }
        if changed && !options.uninstall {
            let next = Text::new("mcp-next")
                .with("client", file.client)
                .with("scope", file.scope);
            page.say(&next);
        }
    })?;
    Ok(ExitStatus::Success)
}

/// The file of a client, from here.
pub(super) fn file(
    client: AgentClient,
    scope: AgentScope,
    surroundings: &Surroundings,
) -> AgentFile {
    AgentFile::of(
        client,
        scope,
        &surroundings.workspace,
        &surroundings.home,
        &surroundings.environment,
    )
}

/// What the client is to start.
fn entry(file: &AgentFile, surroundings: &Surroundings) -> Result<ServerEntry, Error> {
    let program = surroundings.program.to_str().ok_or_else(|| {
        Error::usage(Text::new("usage-mcp-program").render(mycelium_types::Locale::default()))
    })?;
    let mut args = vec!["mcp".to_owned(), "serve".to_owned()];
    if starts_elsewhere(file) {
        args.splice(0..0, ["-C".to_owned(), WORKSPACE.to_owned()]);
    }
    let given = &surroundings.environment;
    let own = match file.scope {
        AgentScope::User => OWN_PLACES,
        AgentScope::Project => &[],
    };
    let env = PLACES
        .iter()
        .chain(own)
        .copied()
        .filter_map(|name| Some((name.to_owned(), given.get(name)?.clone())))
        .collect::<BTreeMap<_, _>>();
    Ok(ServerEntry {
        command: program.to_owned(),
        args,
        env,
    })
}

/// What a client puts the workspace's folder in the place of.
pub(super) const WORKSPACE: &str = "${workspaceFolder}";

/// Whether a client starts its servers in another folder than the one it works in, and knows the word for that.
fn starts_elsewhere(file: &AgentFile) -> bool {
    match (file.client, file.scope) {
        (AgentClient::Vscode, _) | (AgentClient::Cursor, AgentScope::Project) => true,
        (AgentClient::Cursor, AgentScope::User) | (AgentClient::Claude | AgentClient::Codex, _) => {
            false
        }
    }
}

/// Shows what to paste, and where.
fn print(
    file: &AgentFile,
    entry: &ServerEntry,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let snippet = file.snippet(entry).map_err(ErrorReport::from)?;
    let value = json!({
        "client": file.client,
        "scope": file.scope,
        "file": file.path,
        "entry": entry,
        "snippet": snippet,
    });
    let text = Text::new("mcp-paste").with("file", file.path.display());
    session.output.note(&text);
    session.output.result(&value, |page| {
        for line in snippet.lines() {
            page.line(line);
        }
    })?;
    Ok(ExitStatus::Success)
}

/// A file that cannot be understood is the person's to mend, or to add the entry to by hand.
fn refused(error: ConfigError, options: &InstallOptions) -> Error {
    let is_left = matches!(
        error,
        ConfigError::Invalid { .. } | ConfigError::InTheWay { .. }
    );
    let mut report = ErrorReport::from(error);
    if is_left && let Some(reason) = report.context.get("reason").cloned() {
        let text = Text::new("mcp-left-alone")
            .with("reason", reason)
            .with("client", options.client)
            .with("scope", options.scope);
        report = report
            .with("of", "agent")
            .with("reason", text.render(mycelium_types::Locale::default()));
    }
    report.into()
}
