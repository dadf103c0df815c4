//! One agent's view of the skills: what the protocol's requests mean here.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use mycelium_protocol::check_nesting;
use mycelium_protocol::control::AgentContext;
use mycelium_protocol::control::AgentIdentity;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SearchRequest;
use mycelium_protocol::control::SkillSelector;
use mycelium_runtime::Exports;
use mycelium_runtime::SkillRuntime;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable;
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::ServerHandler;
use rmcp::model::CallToolRequestParams;
use rmcp::model::CallToolResponse;
use rmcp::model::CallToolResult;
use rmcp::model::Implementation;
use rmcp::model::JsonObject;
use rmcp::model::ListResourcesResult;
use rmcp::model::ListToolsResult;
use rmcp::model::PaginatedRequestParams;
use rmcp::model::ReadResourceRequestParams;
use rmcp::model::ReadResourceResponse;
use rmcp::model::ReadResourceResult;
use rmcp::model::RequestMetaObject;
use rmcp::model::ResourceContents;
use rmcp::model::ServerCapabilities;
use rmcp::model::ServerConfig;
use rmcp::model::SubscriptionFilter;
use rmcp::service::NotificationContext;
use rmcp::service::SubscriptionContext;
use serde_json::Value;
use tokio::sync::watch;

use crate::arguments::arguments;
use crate::catalogue::Catalogue;
use crate::catalogue::SkillTool;
use crate::fixed;
use crate::http::NamedSessions;
use crate::http::SESSION_KEY;
use crate::outcome;
use crate::progress::Progress;
use crate::results::Results;

/// Tools on one page of a list.
const PAGE: usize = 250;

/// The member of a call's `_meta` in which an agent tells what was said before.
const CONVERSATION_KEY: &str = "io.mycelium/conversation";

/// How much of an agent's name, and of its version, skills are told, in characters.
const MAX_IDENTITY: usize = 100;

/// One agent's view of the skills. Clones are the same view.
#[derive(Clone)]
pub(crate) struct SkillServer {
    view: Arc<View>,
    /// The other views at the same address, where requests can name theirs.
    named: Option<Arc<NamedSessions>>,
}

/// What belongs to one session.
pub(crate) struct View {
    runtime: SkillRuntime,
    context: RequestContext,
    /// Gone when this is.
    alive: watch::Sender<()>,
    /// The session, if it ends with this.
    _session: Option<OwnedSession>,
    /// What the names of tools meant when they were last listed.
    catalogue: Mutex<Arc<Catalogue>>,
    results: Mutex<Results>,
    /// How many calls run.
    running: watch::Sender<usize>,
}

/// What belongs to one call.
struct Call {
    /// The trace it is part of.
    trace: Option<String>,
    /// Who calls.
    agent: Option<Box<AgentContext>>,
    progress: Progress,
}

/// A call that runs.
struct Running<'a>(&'a watch::Sender<usize>);

impl<'a> Running<'a> {
    fn on(running: &'a watch::Sender<usize>) -> Self {
        running.send_modify(|count| *count += 1);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A session that ends when this is dropped.
struct OwnedSession {
    runtime: SkillRuntime,
    name: String,
}

impl Drop for OwnedSession {
    fn drop(&mut self) {
        let runtime = self.runtime.clone();
        let name = std::mem::take(&mut self.name);
        // Without an executor everything has ended already.
        if let Ok(executor) = tokio::runtime::Handle::try_current() {
            executor.spawn(async move { runtime.end_session(&name).await });
        }
    }
}

impl View {
    fn new(runtime: SkillRuntime, context: RequestContext, session: Option<OwnedSession>) -> Self {
        Self {
            runtime,
            context,
            alive: watch::Sender::default(),
            _session: session,
            catalogue: Mutex::default(),
            results: Mutex::default(),
            running: watch::Sender::default(),
        }
    }

    /// A view with which its session ends.
    pub(crate) fn owning(runtime: SkillRuntime, context: RequestContext) -> Arc<Self> {
        let session = OwnedSession {
            runtime: runtime.clone(),
            name: context.session.clone(),
        };
        Arc::new(Self::new(runtime, context, Some(session)))
    }
}

impl SkillServer {
    /// A view in a session that somebody else ends.
    pub(crate) fn new(runtime: SkillRuntime, context: RequestContext) -> Self {
        Self {
            view: Arc::new(View::new(runtime, context, None)),
            named: None,
        }
    }

    /// A view at an address with others.
    pub(crate) fn among(view: Arc<View>, named: Arc<NamedSessions>) -> Self {
        Self {
            view,
            named: Some(named),
        }
    }

    /// The same server in the session that a request names, if it names one.
    fn of_request(&self, meta: &RequestMetaObject) -> Result<Self, ErrorData> {
        match (&self.named, meta.get(SESSION_KEY).and_then(Value::as_str)) {
            (Some(named), Some(name)) => Ok(Self {
                view: named
                    .get(name)
                    .map_err(|reason| ErrorData::invalid_params(reason, None))?,
                named: None,
            }),
            (None, _) | (_, None) => Ok(self.clone()),
        }
    }

    /// Returns when no call runs.
    pub(crate) async fn idle(&self) {
        let mut running = self.view.running.subscribe();
        // It cannot fail: the sender is here.
        let _ = running.wait_for(|count| *count == 0).await;
    }

    /// The tools there are now.
    async fn catalogue(&self) -> Result<Arc<Catalogue>, ErrorReport> {
        let catalogue = match self.view.runtime.exports(&self.view.context).await? {
            Exports::Listed(skills) => Catalogue::new(&skills),
            Exports::TooMany(_) => Catalogue::default(),
        };
        let catalogue = Arc::new(catalogue);
        *lock(&self.view.catalogue) = Arc::clone(&catalogue);
        Ok(catalogue)
    }

    async fn tool(&self, name: &str) -> Result<Option<SkillTool>, ErrorReport> {
        let known = lock(&self.view.catalogue).call(name).cloned();
        match known {
            Some(tool) => Ok(Some(tool)),
            // It may have been listed by another connection, or come since.
            None => Ok(self.catalogue().await?.call(name).cloned()),
        }
    }

    /// Answers a call, or says that there is no such tool.
    async fn answer(
        &self,
        name: &str,
        given: JsonObject,
        call: &Call,
    ) -> Result<Option<CallToolResult>, ErrorReport> {
        let answer = match name {
            fixed::SEARCH => outcome::told(self.search(&given).await?),
            fixed::DESCRIBE => outcome::told(self.describe(&given).await?),
            fixed::RUN => {
                let (tool, given) = self.meant(given).await?;
                self.run(&tool, given, call).await?
            }
            name => match self.tool(name).await? {
                Some(tool) => self.run(&tool, given, call).await?,
                None => return Ok(None),
            },
        };
        Ok(Some(answer))
    }

    async fn search(&self, given: &JsonObject) -> Result<Value, ErrorReport> {
        let query = text(fixed::SEARCH, given, "query")?;
        let limit = given.get("limit").and_then(Value::as_u64);
        let limit = limit.map_or(fixed::USUAL_HITS, |limit| {
            usize::try_from(limit).unwrap_or(fixed::MAX_HITS)
        });
        let request = SearchRequest {
            text: Some(query.to_owned()),
            limit: limit.clamp(1, fixed::MAX_HITS),
            ..SearchRequest::default()
        };
        let skills = self
            .view
            .runtime
            .search(&self.view.context, request)
            .await?;
        Ok(fixed::found(&skills))
    }

    async fn describe(&self, given: &JsonObject) -> Result<Value, ErrorReport> {
        let skill = selector(fixed::DESCRIBE, given)?;
        let exports = self
            .view
            .runtime
            .exports_of(&self.view.context, &skill)
            .await?;
        let info = self.view.runtime.info(&self.view.context, &skill).await?;
        Ok(fixed::described(&exports, &info))
    }

    /// What `skill_run` is to run, and with what.
    async fn meant(&self, mut given: JsonObject) -> Result<(SkillTool, JsonObject), ErrorReport> {
        let skill = selector(fixed::RUN, &given)?;
        let method = text(fixed::RUN, &given, "method")?.to_owned();
        let exports = self
            .view
            .runtime
            .exports_of(&self.view.context, &skill)
            .await?;
        let function = exports
            .functions
            .iter()
            .find(|function| function.export.name == method);
        let Some(function) = function else {
            let names = exports
                .functions
                .iter()
                .map(|known| known.export.name.as_str());
            let suggestion = mycelium_types::nearest(&method, names).unwrap_or("none");
            return Err(ErrorReport::new(ErrorCode::MethodNotFound)
                .with("skill", &skill)
                .with("method", printable(&method))
                .with("suggestion", suggestion));
        };
        let tool = SkillTool {
            skill,
            ..SkillTool::of(&exports, function)
        };
        match given.remove("arguments") {
            None | Some(Value::Null) => Ok((tool, JsonObject::default())),
            Some(Value::Object(object)) => Ok((tool, object)),
            Some(_) => Err(invalid(&tool, "`arguments` is not an object".to_owned())),
        }
    }

    async fn run(
        &self,
        tool: &SkillTool,
        given: JsonObject,
        call: &Call,
    ) -> Result<CallToolResult, ErrorReport> {
        let args = arguments(&tool.shape, given).map_err(|reason| invalid(tool, reason))?;
        let request = ExecRequest {
            skill: tool.skill.clone(),
            method: tool.method.clone(),
            args,
            timeout_seconds: None,
            correlation_id: call.trace.clone(),
            agent: call.agent.clone(),
        };
        let report = self
            .view
            .runtime
            .execute(&self.view.context, request, &call.progress.events)
            .await;
        let value = report.outcome?;
        let mut results = lock(&self.view.results);
        Ok(outcome::success(
            value,
            tool,
            &report.correlation_id,
            &mut results,
        ))
    }
}

impl ServerHandler for SkillServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("mycelium", env!("CARGO_PKG_VERSION")).with_title("Mycelium"),
            )
            .with_instructions(Message::new("mcp-instructions").render(Locale::default()))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let server = self.of_request(&context.meta)?;
        let catalogue = server
            .catalogue()
            .await
            .map_err(|error| protocol_error(&error))?;
        let tools: Vec<_> = fixed::tools()
            .into_iter()
            .chain(catalogue.tools().iter().cloned())
            .collect();
        let cursor = request.and_then(|request| request.cursor);
        let start = match cursor.as_deref().map(str::parse::<usize>) {
            None => 0,
            Some(Ok(start)) if start < tools.len() => start,
            Some(_) => return Err(ErrorData::invalid_params("there is no such page", None)),
        };
        let end = tools.len().min(start + PAGE);
        let mut page = ListToolsResult::with_all_items(tools[start..end].to_vec());
        page.next_cursor = (end < tools.len()).then(|| end.to_string());
        Ok(page)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let server = self.of_request(&context.meta)?;
        let _running = Running::on(&server.view.running);
        let given = request.arguments.unwrap_or_default();
        let call = Call {
            trace: context.meta.get_traceparent().and_then(trace_id),
            agent: context
                .client_info()
                .map(|client| agent(client, context.meta.get(CONVERSATION_KEY))),
            progress: Progress::new(context.meta.get_progress_token(), &context.peer),
        };
        let answer = tokio::select! {
            answer = server.answer(&request.name, given, &call) => answer,
            // The call is dropped, which ends it; nobody reads this.
            () = context.ct.cancelled() => Err(ErrorReport::new(ErrorCode::Interrupted)),
        };
        call.progress.end().await;
        match answer {
            Ok(Some(result)) => Ok(result.into()),
            Ok(None) => Err(ErrorData::invalid_params(
                format!("there is no tool `{}`", printable(&request.name)),
                None,
            )),
            Err(error) => Ok(outcome::failure(&error).into()),
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let server = self.of_request(&context.meta)?;
        let results = lock(&server.view.results);
        let resources = results
            .all()
            .map(|kept| outcome::resource(&kept.uri, kept.title.clone(), kept.text.len()))
            .collect();
        Ok(ListResourcesResult::with_all_items(resources))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let server = self.of_request(&context.meta)?;
        let kept = lock(&server.view.results).get(&request.uri).cloned();
        match kept {
            Some(kept) => Ok(ReadResourceResult::new(vec![ResourceContents::text(
                kept.text, kept.uri,
            )])
            .into()),
            None => Err(ErrorData::invalid_params(
                "there is no such resource, or no longer",
                Some(serde_json::json!({ "uri": request.uri })),
            )),
        }
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.view.runtime.catalogue_changes();
        loop {
            let changed = tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                () = context.cancelled() => false,
            };
            if !changed || context.sink().notify_tool_list_changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut changes = self.view.runtime.catalogue_changes();
        // The task must not keep the view: with it the session ends.
        let mut alive = self.view.alive.subscribe();
        tokio::spawn(async move {
            loop {
                let changed = tokio::select! {
                    changed = changes.changed() => changed.is_ok(),
                    _ = alive.changed() => false,
                };
                if !changed || context.peer.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an agent says of itself, as far as a skill is told.
fn agent(client: Implementation, conversation: Option<&Value>) -> Box<AgentContext> {
    let cut = |text: &str| -> String { text.chars().take(MAX_IDENTITY).collect() };
    Box::new(AgentContext {
        identity: AgentIdentity {
            name: cut(&client.name),
            version: cut(&client.version),
        },
        roots: Vec::new(),
        // What does not fit into a message is as good as not told.
        conversation: conversation
            .filter(|said| check_nesting(said).is_ok())
            .cloned(),
    })
}

/// The trace that a W3C `traceparent` names (`00-TRACE-SPAN-FLAGS`), to be the call's correlation id.
fn trace_id(traceparent: &str) -> Option<String> {
    let trace = traceparent.split('-').nth(1)?;
    let is_hex = trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| trace.to_owned())
}

fn text<'a>(tool: &str, given: &'a JsonObject, name: &str) -> Result<&'a str, ErrorReport> {
    given.get(name).and_then(Value::as_str).ok_or_else(|| {
        ErrorReport::new(ErrorCode::ArgumentsInvalid)
            .with("skill", "mycelium")
            .with("method", tool)
            .with("reason", format!("`{name}` is missing or is not text"))
    })
}

fn selector(tool: &str, given: &JsonObject) -> Result<SkillSelector, ErrorReport> {
    text(tool, given, "skill")?.parse().map_err(
        |reason: mycelium_protocol::control::InvalidSelector| {
            ErrorReport::new(ErrorCode::ArgumentsInvalid)
                .with("skill", "mycelium")
                .with("method", tool)
                .with("reason", reason)
        },
    )
}

fn invalid(tool: &SkillTool, reason: String) -> ErrorReport {
    ErrorReport::new(ErrorCode::ArgumentsInvalid)
        .with("skill", &tool.skill)
        .with("method", &tool.method)
        .with("reason", reason)
}

/// For requests that have no other way to fail.
fn protocol_error(error: &ErrorReport) -> ErrorData {
    let text = format!(
        "{}: {} {}",
        error.code.as_str(),
        error.message(Locale::default()),
        error.remediation(Locale::default())
    );
    ErrorData::internal_error(text, None)
}
