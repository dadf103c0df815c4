//! Other MCP servers: which there are for a request, and who speaks with them.
//!
//! This crate does not speak MCP. Whoever embeds it gives it a [`ServerClient`] that does.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use mycelium_config::AgentClient;
use mycelium_config::AgentFile;
use mycelium_config::AgentScope;
use mycelium_config::ClaudePlaces;
use mycelium_config::ServerCommand;
use mycelium_config::ServerDefinition;
use mycelium_config::ServerOrigin;
use mycelium_config::ServerSources;
use mycelium_config::ServerTransport;
use mycelium_config::Servers;
use mycelium_config::ShowValues;
use mycelium_config::SkillSchema;
use mycelium_policy::WorkspaceTrust;
use mycelium_protocol::control::OfferedFile;
use mycelium_protocol::control::OfferedSkill;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::ServerDescription;
use mycelium_protocol::control::ServerState;
use mycelium_protocol::control::ServerSummary;
use mycelium_protocol::control::ServersReport;
use mycelium_protocol::control::ToolReport;
use mycelium_protocol::control::ToolRequest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::printable;
use mycelium_types::printable_path;
use serde_json::Map;
use serde_json::Value;

use crate::inner::Inner;
use crate::inner::blocking;
use crate::stamp::FileStamp;
use crate::workspace::Workspace;

mod offers;
mod place;
mod shelf;
mod skills;

pub use place::InvalidUrl;
pub use place::RemoteServer;
pub use place::ServerPlace;
pub use place::ServerProgram;
pub use place::ServerUrl;
pub use place::UrlScheme;
pub(crate) use shelf::check_approved;
pub(crate) use shelf::offer_roots;
pub(crate) use shelf::offering_server;
pub(crate) use skills::McpRequest;

/// The variables of the person that a server gets, as the SDKs of MCP have it; everything else is named by its entry.
const PASSED: [&str; 8] = [
    "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "USER",
];
/// How long a call may take if nobody says so, in seconds.
const CALL_SECONDS: u64 = 60;
/// Problems with arguments that are told.
const MAX_PROBLEMS: usize = 10;

/// What comes of asking a server.
pub type ServerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ErrorReport>> + Send + 'a>>;

/// A server, and where it is: whoever asks for the same shares a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTarget {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub place: ServerPlace,
    /// How long a connection that nobody uses is kept.
    pub idle: Duration,
}

/// A tool to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Its name.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// Somebody who speaks MCP with servers.
pub trait ServerClient: Send + Sync {
    /// How the server is now; starts nothing.
    fn state(&self, target: &ServerTarget) -> ServerState;
    /// What the server says of itself.
    fn describe(&self, target: ServerTarget) -> ServerFuture<'_, ServerDescription>;
    /// Calls a tool. The result is as the protocol has it.
    fn call(&self, target: ServerTarget, call: ToolCall) -> ServerFuture<'_, Value>;
    /// Reads a resource. Its contents are as the protocol has them.
    fn read(&self, target: ServerTarget, uri: String) -> ServerFuture<'_, Vec<Value>>;
    /// The templates of addresses of further resources, as the protocol has them.
    fn templates(&self, target: ServerTarget) -> ServerFuture<'_, Vec<Value>>;
    /// Waits until the server says that a resource has changed; false if it does not within `wait`.
    fn changed(&self, target: ServerTarget, uri: String, wait: Duration) -> ServerFuture<'_, bool>;
    /// The skills that the server offers, none if it offers none; what cannot be installed says why. Reads none of
    /// their files.
    fn skills(&self, target: ServerTarget) -> ServerFuture<'_, Vec<OfferedSkill>>;
    /// The content of a file of such a skill, which is what the list says or an error.
    fn skill_file(&self, target: ServerTarget, file: OfferedFile) -> ServerFuture<'_, Vec<u8>>;
    /// Ends all connections, and the servers that were started for them.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The JSON Schema of a tool's arguments, compiled so that it can do no harm.
#[derive(Debug)]
pub struct ToolSchema(SkillSchema);

impl ToolSchema {
    /// Compiles a schema; nothing for one that is not used because it is none or could do harm.
    #[must_use]
    pub fn compile(schema: &Value) -> Option<Self> {
        SkillSchema::compile(schema).ok().map(Self)
    }

    /// What of the arguments does not fit; nothing if all does.
    #[must_use]
    pub fn problems(&self, arguments: &Value) -> Option<String> {
        let problems = self.0.problems(arguments, ShowValues::Yes);
        let texts: Vec<String> = (problems.into_iter().take(MAX_PROBLEMS))
            .map(|problem| match problem.place.as_str() {
                "" => problem.reason,
                place => format!("{place}: {}", problem.reason),
            })
            .collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

/// Who speaks with servers, and which servers the workspaces have.
#[derive(Default)]
pub(crate) struct ServerDesk {
    client: OnceLock<Arc<dyn ServerClient>>,
    known: Mutex<BTreeMap<PathBuf, Remembered>>,
}

/// The servers of a workspace, as long as none of the files that name them changes.
struct Remembered {
    workspace: Arc<Workspace>,
    stamps: Vec<Option<FileStamp>>,
    servers: Arc<Servers>,
}

impl ServerDesk {
    /// Lets `client` speak with servers from now on, unless somebody does already.
    pub(crate) fn employ(&self, client: Arc<dyn ServerClient>) {
        // The first one stays: connections are its own.
        let _ = self.client.set(client);
    }

    pub(crate) fn client(&self) -> Result<&Arc<dyn ServerClient>, ErrorReport> {
        let nobody = || ErrorReport::internal("nobody here speaks with MCP servers");
        self.client.get().ok_or_else(nobody)
    }

    /// The servers of a workspace. Blocks while their files are read.
    fn servers(&self, workspace: &Arc<Workspace>) -> Arc<Servers> {
        // Taken first: what is written while this reads is read again.
        let stamps = stamps(workspace);
        if let Some(remembered) = self.known().get(&workspace.path)
            && Arc::ptr_eq(&remembered.workspace, workspace)
            && remembered.stamps == stamps
        {
            return Arc::clone(&remembered.servers);
        }
        let servers = Arc::new(Servers::read(&ServerSources {
            workspace: &workspace.path,
            home: &workspace.home,
            trust: workspace.trust(),
            environment: &workspace.environment,
            configuration: &workspace.configuration,
        }));
        self.known().insert(
            workspace.path.clone(),
            Remembered {
                workspace: Arc::clone(workspace),
                stamps,
                servers: Arc::clone(&servers),
            },
        );
        servers
    }

    /// Forgets a workspace.
    pub(crate) fn forget(&self, workspace: &Path) {
        self.known().remove(workspace);
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Remembered>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the files that name servers but for our own configuration, which makes another workspace when it changes.
fn stamps(workspace: &Workspace) -> Vec<Option<FileStamp>> {
    let agents = AgentScope::ALL.map(|scope| {
        let (place, home) = (&workspace.path, &workspace.home);
        AgentFile::of(
            AgentClient::Claude,
            scope,
            place,
            home,
            &workspace.environment,
        )
        .path
    });
    let claude = workspace.claude_home();
    let of_plugins = ClaudePlaces::of(&workspace.path, &claude.folder).files();
    let files = agents.iter().chain(&of_plugins);
    files.map(|file| FileStamp::of(file)).collect()
}

impl Inner {
    async fn servers_of(
        self: &Arc<Self>,
        context: &RequestContext,
    ) -> Result<(Arc<Workspace>, Arc<Servers>), ErrorReport> {
        let workspace = self.workspace(context).await?;
        self.servers_in(workspace).await
    }

    pub(crate) async fn servers_in(
        self: &Arc<Self>,
        workspace: Arc<Workspace>,
    ) -> Result<(Arc<Workspace>, Arc<Servers>), ErrorReport> {
        let inner = Arc::clone(self);
        blocking(move || {
            let servers = inner.servers.servers(&workspace);
            Ok((workspace, servers))
        })
        .await
    }

    /// The servers there are.
    pub(crate) async fn list_servers(
        self: &Arc<Self>,
        context: &RequestContext,
    ) -> Result<ServersReport, ErrorReport> {
        let (workspace, servers) = self.servers_of(context).await?;
        let client = self.servers.client()?.as_ref();
        let summary = |definition| summary(client, &workspace, &servers, definition);
        let mut all: Vec<_> = servers.definitions.iter().map(summary).collect();
        let wrapped = {
            let (inner, workspace) = (Arc::clone(self), Arc::clone(&workspace));
            blocking(move || Ok(inner.wrapped_servers(&workspace))).await?
        };
        all.extend(wrapped);
        Ok(ServersReport {
            servers: all,
            problems: servers.diagnostics.clone(),
        })
    }

    /// What a server says of itself.
    pub(crate) async fn describe_server(
        self: &Arc<Self>,
        context: &RequestContext,
        server: &str,
    ) -> Result<ServerDescription, ErrorReport> {
        let (workspace, servers) = self.servers_of(context).await?;
        let (target, _) = target(&workspace, &servers, server)?;
        self.servers.client()?.describe(target).await
    }

    /// Calls a tool of a server.
    pub(crate) async fn call_tool(
        self: &Arc<Self>,
        context: &RequestContext,
        request: ToolRequest,
    ) -> Result<ToolReport, ErrorReport> {
        let started = Instant::now();
        let (workspace, servers) = self.servers_of(context).await?;
        let (target, seconds) = target(&workspace, &servers, &request.server)?;
        let seconds = seconds.min(request.timeout_seconds.unwrap_or(u64::MAX));
        let call = ToolCall {
            tool: request.tool.clone(),
            arguments: request.arguments,
            timeout: Duration::from_secs(seconds),
        };
        let result = self.servers.client()?.call(target, call).await?;
        Ok(ToolReport {
            server: request.server,
            tool: request.tool,
            result,
            milliseconds: started.elapsed().as_secs_f64() * 1000.0,
        })
    }

    /// Reads a resource of a server.
    pub(crate) async fn read_resource(
        self: &Arc<Self>,
        context: &RequestContext,
        server: &str,
        uri: String,
    ) -> Result<Vec<Value>, ErrorReport> {
        let (workspace, servers) = self.servers_of(context).await?;
        let (target, _) = target(&workspace, &servers, server)?;
        self.servers.client()?.read(target, uri).await
    }
}

/// What is known of a server without asking it.
fn summary(
    client: &dyn ServerClient,
    workspace: &Workspace,
    servers: &Servers,
    definition: &ServerDefinition,
) -> ServerSummary {
    let state = match target(workspace, servers, &definition.name) {
        Ok((target, _)) => client.state(&target),
        Err(error) if error.code == ErrorCode::ServerDenied => ServerState::Untrusted,
        Err(_) => ServerState::Unsupported,
    };
    let (transport, shown) = match &definition.transport {
        ServerTransport::Stdio(command) => {
            let words = std::iter::once(&command.program).chain(&command.args);
            let words: Vec<_> = words.map(String::as_str).collect();
            ("stdio", words.join(" "))
        }
        // What is asked for in a URL can be secret.
        ServerTransport::Http { url, .. } => ("http", without_query(url)),
        ServerTransport::Sse { url } => ("sse", without_query(url)),
    };
    ServerSummary {
        name: definition.name.clone(),
        origin: definition.origin.to_string(),
        file: definition.file.clone(),
        transport: transport.to_owned(),
        target: shown,
        state,
    }
}

fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((url, _)) => format!("{url}?…"),
        None => url.to_owned(),
    }
}

/// Where the server `name` is for this workspace, and how many seconds its calls may take.
fn target(
    workspace: &Workspace,
    servers: &Servers,
    name: &str,
) -> Result<(ServerTarget, u64), ErrorReport> {
    let Some(definition) = servers.get(name) else {
        let names = servers.definitions.iter().map(|one| one.name.as_str());
        let suggestion = mycelium_types::nearest(name, names).unwrap_or("none");
        return Err(ErrorReport::new(ErrorCode::ServerNotFound)
            .with("server", printable(name))
            .with("suggestion", suggestion));
    };
    let refused = |code| {
        ErrorReport::new(code)
            .with("server", name)
            .with("file", printable_path(&definition.file))
    };
    match (definition.origin, workspace.trust()) {
        (ServerOrigin::Project, WorkspaceTrust::Untrusted) => {
            return Err(refused(ErrorCode::ServerDenied));
        }
        (ServerOrigin::Project, WorkspaceTrust::Trusted)
        | (
            ServerOrigin::Configuration
            | ServerOrigin::AgentHere
            | ServerOrigin::Agent
            | ServerOrigin::Plugin,
            _,
        ) => {}
    }
    let unusable = |cause: &str, reason: &str| {
        refused(ErrorCode::ServerUnavailable)
            .with("cause", cause)
            .with("reason", reason)
    };
    let place = match &definition.transport {
        ServerTransport::Stdio(command) => ServerPlace::Program(program(command, workspace)),
        ServerTransport::Http { url, headers } => {
            let url = ServerUrl::parse(url).map_err(|why| unusable("url", &why.to_string()))?;
            if workspace.offline && !url.is_here() {
                return Err(unusable("offline", "it is on the network"));
            }
            let headers = headers.clone();
            ServerPlace::Remote(RemoteServer { url, headers })
        }
        ServerTransport::Sse { .. } => {
            return Err(unusable("sse", "it is of the kind `sse`"));
        }
    };
    let target = ServerTarget {
        name: name.to_owned(),
        place,
        idle: Duration::from_secs(workspace.configuration.instances.idle_seconds),
    };
    let seconds = definition.timeout_seconds.unwrap_or(CALL_SECONDS);
    Ok((target, seconds))
}

/// What is started. A path is relative to the workspace; a name stays one.
fn program(command: &ServerCommand, workspace: &Workspace) -> ServerProgram {
    let own = workspace.environment.iter();
    let mut environment: BTreeMap<_, _> = own
        .filter(|(name, _)| PASSED.contains(&name.as_str()) || name.starts_with("LC_"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    environment.extend(command.env.clone());
    let program = &command.program;
    ServerProgram {
        program: match program.contains('/') {
            true => workspace.path.join(program).display().to_string(),
            false => program.clone(),
        },
        args: command.args.clone(),
        environment,
        folder: workspace.path.clone(),
    }
}
