//! The MCP servers that a person has: those of our own configuration, of Claude Code, of the project, of plugins.
//!
//! All of them are written in the one form that agents share: `{"command", "args", "env"}` for a server that is
//! started, `{"type": "http", "url", "headers"}` for one that is there. Of several with one name the first counts, in
//! the order of [`ServerOrigin`]: what a project brings never takes the place of what the person has.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::WorkspaceTrust;
use mycelium_types::Diagnostic;
use mycelium_types::FieldPath;
use mycelium_types::Findings;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Node;
use mycelium_types::Severity;
use mycelium_types::Substitutions;
use mycelium_types::Syntax;
use mycelium_types::printable;
use mycelium_types::printable_path;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use crate::AgentClient;
use crate::AgentFile;
use crate::AgentScope;
use crate::ClaudeHome;
use crate::SERVER_NAME;
use crate::claude::ClaudePlaces;
use crate::claude::ClaudeSettings;
use crate::configuration::Configuration;
use crate::interpolation::Variables;
use crate::plugins::Plugin;
use crate::plugins::enabled_plugins;
use crate::reading::read_bounded;

mod definition;

pub use definition::ServerCommand;
pub use definition::ServerDefinition;
pub use definition::ServerTransport;

/// The most servers there are.
const MAX_SERVERS: usize = 200;
/// The largest file of Claude Code's, in bytes: it keeps the history of all projects in there.
const MAX_AGENT_FILE: u64 = 64 << 20;

/// Who brought a server, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerOrigin {
    /// `mcp.servers` of our own configuration.
    Configuration,
    /// The person, for this project, in Claude Code's file.
    AgentHere,
    /// The person, for all projects, in Claude Code's file.
    Agent,
    /// The project, in its `.mcp.json`.
    Project,
    /// A plugin of Claude Code.
    Plugin,
}

impl ServerOrigin {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::AgentHere => "agent-project",
            Self::Agent => "agent",
            Self::Project => "project",
            Self::Plugin => "plugin",
        }
    }
}

impl fmt::Display for ServerOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What decides which servers there are.
#[derive(Clone, Copy, Debug)]
pub struct ServerSources<'a> {
    /// The workspace.
    pub workspace: &'a Path,
    /// The person's home folder.
    pub home: &'a Path,
    /// Whether the person trusts the workspace.
    pub trust: WorkspaceTrust,
    /// The client's environment.
    pub environment: &'a BTreeMap<String, String>,
    /// The workspace's configuration.
    pub configuration: &'a Configuration,
}

/// The servers there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Servers {
    /// The servers, by name.
    pub definitions: Vec<ServerDefinition>,
    /// What is wrong with files and entries; it never hides the others.
    pub diagnostics: Vec<Diagnostic>,
}

/// What counts of Claude Code's own file.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgentSettings {
    #[serde(default)]
    mcp_servers: Map<String, Value>,
    #[serde(default)]
    projects: BTreeMap<PathBuf, AgentProject>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgentProject {
    #[serde(default)]
    mcp_servers: Map<String, Value>,
}

impl Servers {
    /// Reads the servers. Files that are not there say nothing; what cannot be understood is told.
    #[must_use]
    pub fn read(sources: &ServerSources<'_>) -> Self {
        let mut servers = Self::default();
        let readable = Variables::Readable(sources.environment);
        // Variables were put in when the configuration was read.
        for (name, entry) in sources.configuration.mcp.servers.entries() {
            let origin = ServerOrigin::Configuration;
            let file = sources.configuration.file_of(&["mcp", "servers", name]);
            servers.add(name, entry, origin, &file, Variables::Refused);
        }
        let file = |scope| {
            let (workspace, home) = (sources.workspace, sources.home);
            AgentFile::of(
                AgentClient::Claude,
                scope,
                workspace,
                home,
                sources.environment,
            )
            .path
        };
        let own = file(AgentScope::User);
        let mut settings = servers.agent_settings(&own);
        let here = settings.projects.remove(sources.workspace);
        let here = here.unwrap_or_default().mcp_servers;
        servers.add_all(&here, ServerOrigin::AgentHere, &own, readable);
        servers.add_all(&settings.mcp_servers, ServerOrigin::Agent, &own, readable);
        let project = file(AgentScope::Project);
        let variables = match sources.trust {
            WorkspaceTrust::Trusted => readable,
            WorkspaceTrust::Untrusted => Variables::Unknown,
        };
        let listed = servers.list_in(&project);
        servers.add_all(&listed, ServerOrigin::Project, &project, variables);
        let mut diagnostics = Vec::new();
        let claude = ClaudeHome::of(sources.home, sources.workspace, sources.environment);
        let places = ClaudePlaces::of(sources.workspace, &claude.folder);
        let settings = ClaudeSettings::read(&places, sources.trust);
        for plugin in enabled_plugins(&places, &settings, &mut diagnostics) {
            servers.add_plugin(&plugin, readable);
        }
        // What is wrong with plugins is told by discovery.
        servers.definitions.sort_by(|a, b| a.name.cmp(&b.name));
        servers
    }

    /// The server called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ServerDefinition> {
        self.definitions.iter().find(|server| server.name == name)
    }

    fn add_all(
        &mut self,
        entries: &Map<String, Value>,
        origin: ServerOrigin,
        file: &Path,
        variables: Variables<'_>,
    ) {
        for (name, entry) in entries {
            self.add(name, entry, origin, file, variables);
        }
    }

    fn add(
        &mut self,
        name: &str,
        entry: &Value,
        origin: ServerOrigin,
        file: &Path,
        variables: Variables<'_>,
    ) {
        // This program itself, as an agent starts it.
        if name == SERVER_NAME || entry["disabled"] == true {
            return;
        }
        let about = |message: Message| message.with("server", printable(name));
        if let Some(first) = self.get(name) {
            let message = about(Message::new("server-hidden"))
                .with("first", printable_path(&first.file))
                .with("origin", first.origin);
            return self.tell(Severity::Note, file, message);
        }
        if self.definitions.len() >= MAX_SERVERS {
            let message = Message::new("servers-too-many").with("most", MAX_SERVERS);
            return self.tell(Severity::Warning, file, about(message));
        }
        match definition::read(name, entry, variables) {
            Ok((transport, timeout_seconds)) => self.definitions.push(ServerDefinition {
                name: name.to_owned(),
                origin,
                file: file.to_owned(),
                transport,
                timeout_seconds,
            }),
            Err(message) => self.tell(Severity::Error, file, about(message)),
        }
    }

    fn add_plugin(&mut self, plugin: &Plugin, variables: Variables<'_>) {
        let mut lists = vec![plugin.folder.join(".mcp.json")];
        let mut inline = Map::new();
        match &plugin.servers {
            None | Some(Value::Null) => {}
            Some(Value::Object(entries)) => inline.clone_from(entries),
            Some(Value::Array(several)) => {
                let paths = several.iter().filter_map(Value::as_str);
                lists.extend(paths.filter_map(|path| plugin.below(path)));
            }
            Some(other) => lists.extend(other.as_str().and_then(|path| plugin.below(path))),
        }
        lists.dedup();
        let mut listed: Vec<(PathBuf, Map<String, Value>)> = lists
            .into_iter()
            .map(|file| (file.clone(), self.list_in(&file)))
            .collect();
        listed.push((plugin.manifest(), inline));
        for (file, entries) in listed {
            for (name, entry) in entries {
                let entry = with_plugin_folders(entry, plugin);
                self.add(&name, &entry, ServerOrigin::Plugin, &file, variables);
            }
        }
    }

    fn agent_settings(&mut self, file: &Path) -> AgentSettings {
        let read = read_bounded(file, MAX_AGENT_FILE).map_err(|problem| (problem.to_string(), 0));
        let settings = read.and_then(|bytes| match bytes {
            None => Ok(AgentSettings::default()),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|problem| (problem.to_string(), problem.line())),
        });
        settings.unwrap_or_else(|(reason, line)| {
            let message = Message::new("servers-unreadable")
                .with("reason", reason)
                .with("line", line);
            self.tell(Severity::Error, file, message);
            AgentSettings::default()
        })
    }

    /// The `mcpServers` of a file; without that member the file's object is one itself, as plugins may write it.
    fn list_in(&mut self, file: &Path) -> Map<String, Value> {
        let bytes = match read_bounded(file, Node::MAX_BYTES as u64) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Map::new(),
            Err(problem) => {
                let message = Message::new("config-unreadable").with("reason", problem);
                self.tell(Severity::Error, file, message);
                return Map::new();
            }
        };
        let (node, mut findings) = Node::read(&bytes, &printable_path(file), Syntax::Jsonc);
        let mut list = Map::new();
        match node.map(|node| node.to_json()) {
            Some(Value::Object(mut object)) => match object.remove("mcpServers") {
                Some(Value::Object(entries)) => list = entries,
                Some(_) => not_a_list(&mut findings),
                None => list = object,
            },
            Some(_) => not_a_list(&mut findings),
            None => {}
        }
        let found = findings.into_diagnostics(Locale::EnUs);
        self.diagnostics.extend(found);
        list
    }

    fn tell(&mut self, severity: Severity, file: &Path, message: Message) {
        self.diagnostics.push(Diagnostic {
            severity,
            file: printable_path(file),
            position: None,
            field: String::new(),
            message: message.render(Locale::EnUs),
            help: message.render_help(Locale::EnUs),
            snippet: None,
        });
    }
}

fn not_a_list(findings: &mut Findings<'_>) {
    findings.error(0, &FieldPath::Root, Message::new("servers-not-object"));
}

/// The entry with the plugin's folders put in where it names them, as Claude Code does.
fn with_plugin_folders(entry: Value, plugin: &Plugin) -> Value {
    match entry {
        Value::String(text) => {
            let folders = Substitutions {
                plugin_folder: Some(&plugin.folder),
                data_folder: Some(&plugin.data),
                ..Substitutions::default()
            };
            folders.fill(&text).into()
        }
        Value::Array(items) => items
            .into_iter()
            .map(|item| with_plugin_folders(item, plugin))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, with_plugin_folders(value, plugin)))
            .collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}
