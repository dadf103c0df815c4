//! Servers in TOML.

use std::path::Path;

use mycelium_types::FieldPath;
use mycelium_types::Findings;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable_path;
use toml_edit::Array;
use toml_edit::DocumentMut;
use toml_edit::Item;
use toml_edit::Table;
use toml_edit::TableLike;
use toml_edit::Value;

use crate::ConfigError;
use crate::agents::SERVER_NAME;
use crate::agents::ServerEntry;
use crate::edit::in_the_way;
use crate::edit::split_mark;

/// The table that has the servers.
const SERVERS: &str = "mcp_servers";

/// The entry in a text.
pub(super) fn find(path: &Path, text: &str) -> Result<Option<ServerEntry>, ConfigError> {
    let (_, toml) = split_mark(text);
    let document = parse(path, toml)?;
    let servers = document.get(SERVERS).and_then(Item::as_table_like);
    let Some(entry) = servers
        .and_then(|servers| servers.get(SERVER_NAME))
        .and_then(Item::as_table_like)
    else {
        return Ok(None);
    };
    let text = |item: Option<&Item>| item.and_then(Item::as_str).unwrap_or_default().to_owned();
    let args = entry.get("args").and_then(Item::as_array);
    let env = entry.get("env").and_then(Item::as_table_like);
    Ok(Some(ServerEntry {
        command: text(entry.get("command")),
        args: (args.into_iter().flatten())
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
        env: (env.into_iter().flat_map(TableLike::iter))
            .map(|(name, value)| (name.to_owned(), text(Some(value))))
            .collect(),
    }))
}

/// The text with the entry as it is to be.
pub(super) fn set(
    path: &Path,
    text: Option<&str>,
    entry: &ServerEntry,
) -> Result<String, ConfigError> {
    let (mark, toml) = split_mark(text.unwrap_or_default());
    let mut document = parse(path, toml)?;
    // A table that only holds others needs no heading of its own.
    let mut holder = Table::new();
    holder.set_implicit(true);
    let servers = table(path, document.as_table_mut(), SERVERS, Item::Table(holder))?;
    let server = table(path, servers, SERVER_NAME, Item::Table(Table::new()))?;
    // An address belongs to a server that somebody else starts.
    server.remove("url");
    put(server, "command", entry.command.as_str().into());
    put(server, "args", Value::Array(Array::from_iter(&entry.args)));
    if !entry.env.is_empty() {
        let variables = table(path, server, "env", Item::Table(Table::new()))?;
        for (name, value) in &entry.env {
            put(variables, name, value.as_str().into());
        }
    }
    Ok(format!("{mark}{document}"))
}

/// The text without the entry.
pub(super) fn remove(path: &Path, text: Option<&str>) -> Result<String, ConfigError> {
    let (mark, toml) = split_mark(text.unwrap_or_default());
    let mut document = parse(path, toml)?;
    let servers = document.get_mut(SERVERS).and_then(Item::as_table_like_mut);
    match servers.and_then(|servers| servers.remove(SERVER_NAME)) {
        Some(_) => Ok(format!("{mark}{document}")),
        None => Ok(text.unwrap_or_default().to_owned()),
    }
}

/// The table of this name, which is made if there is none.
fn table<'a>(
    path: &Path,
    holder: &'a mut dyn TableLike,
    name: &str,
    new: Item,
) -> Result<&'a mut dyn TableLike, ConfigError> {
    let item = holder.entry(name).or_insert(new);
    item.as_table_like_mut()
        .ok_or_else(|| in_the_way(path, name.to_owned()))
}

/// Sets a value, unless it is that already in whatever way. Comments beside it stay.
fn put(table: &mut dyn TableLike, name: &str, mut value: Value) {
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) if same(old, &value) => {}
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(name, Item::Value(value));
        }
    }
}

/// Whether two values, texts or lists of texts, say the same.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_array(), other.as_array()) {
        (Some(one), Some(other)) => {
            one.len() == other.len()
                && (one.iter().zip(other)).all(|(one, other)| one.as_str() == other.as_str())
        }
        _ => one.as_str().is_some() && one.as_str() == other.as_str(),
    }
}

fn parse(path: &Path, toml: &str) -> Result<DocumentMut, ConfigError> {
    toml.parse::<DocumentMut>().map_err(|problem| {
        let mut findings = Findings::new(&printable_path(path), toml);
        let message = Message::new("config-syntax").with("reason", problem.message());
        let offset = problem.span().map_or(0, |span| span.start);
        findings.error(offset, &FieldPath::Root, message);
        ConfigError::Invalid {
            diagnostics: findings.into_diagnostics(Locale::EnUs),
        }
    })
}
