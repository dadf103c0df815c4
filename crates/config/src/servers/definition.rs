//! One server, as its entry says.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use mycelium_types::Message;
use serde_json::Map;
use serde_json::Value;

use super::ServerOrigin;
use crate::interpolation::Variables;
use crate::interpolation::expand;

/// The longest name of a server, in bytes.
const MAX_NAME: usize = 64;
/// The most arguments, variables and headers of one server.
const MAX_WORDS: usize = 256;
/// The most bytes of all texts of one server.
const MAX_BYTES: usize = 256 << 10;
/// The longest time limit of a call, in seconds.
const MAX_TIMEOUT: u64 = 86_400;

/// A server that a person has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDefinition {
    /// What it is called.
    pub name: String,
    /// Who brought it.
    pub origin: ServerOrigin,
    /// The file that says so.
    pub file: PathBuf,
    /// How it is reached.
    pub transport: ServerTransport,
    /// How long a call may take, in seconds, if the entry says so.
    pub timeout_seconds: Option<u64>,
}

/// How a server is reached.
#[derive(Clone, PartialEq, Eq)]
pub enum ServerTransport {
    /// It is started and spoken to on its standard streams.
    Stdio(ServerCommand),
    /// It is there, at a URL.
    Http {
        /// The URL.
        url: String,
        /// What is sent with each request.
        headers: BTreeMap<String, String>,
    },
    /// It is there, and speaks HTTP as it was before streamable HTTP, which nobody here does.
    Sse {
        /// The URL.
        url: String,
    },
}

/// What starts a server.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// The program: a path, or a name to be looked for in `PATH`.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables it gets beside those of the person.
    pub env: BTreeMap<String, String>,
}

/// The entry of a server: how it is reached, and its time limit.
pub(super) fn read(
    name: &str,
    entry: &Value,
    variables: Variables<'_>,
) -> Result<(ServerTransport, Option<u64>), Message> {
    let is_name = (1..=MAX_NAME).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'));
    if !is_name {
        return Err(Message::new("server-name").with("most", MAX_NAME));
    }
    let entry = Entry {
        members: entry
            .as_object()
            .ok_or_else(|| Message::new("server-not-object"))?,
        variables,
    };
    let mut budget = MAX_BYTES;
    let kind = entry.members.get("type").and_then(Value::as_str);
    let transport = match (kind, entry.members.get("command")) {
        (Some("stdio"), _) | (None, Some(_)) => ServerTransport::Stdio(ServerCommand {
            program: entry.text("command", &mut budget)?,
            args: entry.list("args", &mut budget)?,
            env: entry.table("env", &mut budget)?,
        }),
        (Some("http" | "streamable-http"), _) | (None, None) => ServerTransport::Http {
            url: entry.text("url", &mut budget)?,
            headers: entry.table("headers", &mut budget)?,
        },
        (Some("sse"), _) => ServerTransport::Sse {
            url: entry.text("url", &mut budget)?,
        },
        (Some(other), _) => {
            let other: String = other.chars().take(MAX_NAME).collect();
            return Err(Message::new("server-kind").with("kind", mycelium_types::printable(&other)));
        }
    };
    let timeout = match entry.members.get("timeoutSeconds") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let seconds = value.as_u64().filter(|it| (1..=MAX_TIMEOUT).contains(it));
            let wrong = || wrong("timeoutSeconds", "seconds");
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    Ok((transport, timeout))
}

struct Entry<'a> {
    members: &'a Map<String, Value>,
    variables: Variables<'a>,
}

impl Entry<'_> {
    fn text(&self, name: &str, budget: &mut usize) -> Result<String, Message> {
        let text = self.members.get(name).and_then(Value::as_str);
        let text = text.filter(|text| !text.trim().is_empty());
        self.expanded(text.ok_or_else(|| wrong(name, "text"))?, name, budget)
    }

    fn list(&self, name: &str, budget: &mut usize) -> Result<Vec<String>, Message> {
        let items = match self.members.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= MAX_WORDS => items,
            Some(_) => return Err(wrong(name, "list")),
        };
        let texts = items.iter().map(|item| {
            let text = item.as_str().ok_or_else(|| wrong(name, "list"))?;
            self.expanded(text, name, budget)
        });
        texts.collect()
    }

    fn table(&self, name: &str, budget: &mut usize) -> Result<BTreeMap<String, String>, Message> {
        let members = match self.members.get(name) {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Object(members)) if members.len() <= MAX_WORDS => members,
            Some(_) => return Err(wrong(name, "table")),
        };
        let texts = members.iter().map(|(key, value)| {
            let is_key = !key.is_empty() && !key.contains(['=', '\0']);
            let text = value.as_str().filter(|_| is_key);
            let text = text.ok_or_else(|| wrong(name, "table"))?;
            Ok((key.clone(), self.expanded(text, name, budget)?))
        });
        texts.collect()
    }

    fn expanded(&self, text: &str, name: &str, budget: &mut usize) -> Result<String, Message> {
        *budget = budget
            .checked_sub(text.len())
            .filter(|_| !text.contains('\0'))
            .ok_or_else(|| wrong(name, "size"))?;
        match self.variables {
            // They are in already, or the entry is only shown.
            Variables::Refused | Variables::Unknown => Ok(text.to_owned()),
            Variables::Readable(_) => expand(text, self.variables, budget)
                .map(|expanded| expanded.text)
                .map_err(|problem| problem.message().with("field", name)),
        }
    }
}

fn wrong(field: &str, expected: &str) -> Message {
    Message::new("server-field")
        .with("field", field)
        .with("expected", expected)
}

/// Values of variables are secret more often than not.
impl fmt::Debug for ServerCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCommand")
            .field("program", &self.program)
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio(command) => f.debug_tuple("Stdio").field(command).finish(),
            Self::Http { url, headers } => f
                .debug_struct("Http")
                .field("url", url)
                .field("headers", &headers.keys())
                .finish(),
            Self::Sse { url } => f.debug_struct("Sse").field("url", url).finish(),
        }
    }
}
