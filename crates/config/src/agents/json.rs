//! Servers in JSON with comments.

use std::collections::BTreeMap;
use std::path::Path;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::CstObject;
use jsonc_parser::cst::CstRootNode;
use mycelium_types::FieldPath;
use mycelium_types::Findings;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable_path;
use serde_json::Value;

use crate::ConfigError;
use crate::agents::SERVER_NAME;
use crate::agents::ServerEntry;
use crate::edit::in_the_way;
use crate::edit::input;
use crate::edit::split_mark;

/// What an empty file is taken for, which clients leave behind.
const EMPTY: &str = "{}\n";

/// Whether an entry says what kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Named,
    Understood,
}

/// The entry in a text.
pub(super) fn find(
    path: &Path,
    text: &str,
    servers: &str,
) -> Result<Option<ServerEntry>, ConfigError> {
    let (_, json) = split_mark(text);
    let root = parse(path, json)?;
    let entry = (root.object_value())
        .and_then(|root| root.object_value(servers))
        .and_then(|servers| servers.get(SERVER_NAME))
        .and_then(|entry| entry.to_serde_value());
    let Some(entry) = entry else {
        return Ok(None);
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let args = entry["args"].as_array();
    let env = entry["env"].as_object();
    Ok(Some(ServerEntry {
        command: text(&entry["command"]).unwrap_or_default(),
        args: args.into_iter().flatten().filter_map(text).collect(),
        env: (env.into_iter().flatten())
            .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
            .collect::<BTreeMap<_, _>>(),
    }))
}

/// The text with the entry as it is to be.
pub(super) fn set(
    path: &Path,
    text: Option<&str>,
    servers: &str,
    entry: &ServerEntry,
    kind: Kind,
) -> Result<String, ConfigError> {
    let (mark, json) = split_mark(text.unwrap_or_default());
    let root = parse(path, json)?;
    let object =
        |found: Option<CstObject>, key: &str| found.ok_or_else(|| in_the_way(path, key.to_owned()));
    let top = object(root.object_value(), "")?;
    let servers = object(top.object_value_or_create(servers), servers)?;
    let server = object(servers.object_value_or_create(SERVER_NAME), SERVER_NAME)?;
    // An address belongs to a server that somebody else starts.
    if let Some(address) = server.get("url") {
        address.remove();
    }
    if kind == Kind::Named || server.get("type").is_some() {
        put(&server, "type", &"stdio".into());
    }
    put(&server, "command", &entry.command.as_str().into());
    put(&server, "args", &entry.args.clone().into());
    if !entry.env.is_empty() {
        let variables = object(server.object_value_or_create("env"), "env")?;
        for (name, value) in &entry.env {
            put(&variables, name, &value.as_str().into());
        }
    }
    Ok(format!("{mark}{root}"))
}

/// The text without the entry.
pub(super) fn remove(
    path: &Path,
    text: Option<&str>,
    servers: &str,
) -> Result<String, ConfigError> {
    let (mark, json) = split_mark(text.unwrap_or_default());
    let root = parse(path, json)?;
    let entry = (root.object_value())
        .and_then(|root| root.object_value(servers))
        .and_then(|servers| servers.get(SERVER_NAME));
    match entry {
        Some(entry) => {
            entry.remove();
            Ok(format!("{mark}{root}"))
        }
        None => Ok(text.unwrap_or_default().to_owned()),
    }
}

/// Sets a member, unless it says that already in whatever way.
fn put(object: &CstObject, name: &str, value: &Value) {
    match object.get(name) {
        Some(property) if property.to_serde_value().as_ref() == Some(value) => {}
        Some(property) => property.set_value(input(value)),
        None => {
            object.append(name, input(value));
        }
    }
}

fn parse(path: &Path, json: &str) -> Result<CstRootNode, ConfigError> {
    let text = match json.trim() {
        "" => EMPTY,
        _ => json,
    };
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|problem| {
        let mut findings = Findings::new(&printable_path(path), text);
        let message = Message::new("config-syntax").with("reason", problem.kind());
        findings.error(problem.range().start, &FieldPath::Root, message);
        ConfigError::Invalid {
            diagnostics: findings.into_diagnostics(Locale::EnUs),
        }
    })
}
