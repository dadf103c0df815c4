//! One agent's view of the skills: what the protocol's requests mean here.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SearchRequest;
use mycelium_protocol::control::SkillSelector;
use mycelium_runtime::EventSink;
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
use crate::outcome;
use crate::results::Results;

/// Tools on one page of a list.
const PAGE: usize = 250;

/// One agent's view of the skills. Clones are the same view.
#[derive(Clone)]
pub(crate) struct SkillServer(Arc<View>);

struct View {
    runtime: SkillRuntime,
    context: RequestContext,
    /// What the names of tools meant when they were last listed.
    catalogue: Mutex<Arc<Catalogue>>,
    results: Mutex<Results>,
    /// How many calls run.
    running: watch::Sender<usize>,
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

impl SkillServer {
    pub(crate) fn new(runtime: SkillRuntime, context: RequestContext) -> Self {
        Self(Arc::new(View {
            runtime,
            context,
            catalogue: Mutex::default(),
            results: Mutex::default(),
            running: watch::Sender::default(),
        }))
    }

    /// Returns when no call runs.
    pub(crate) async fn idle(&self) {
        let mut running = self.0.running.subscribe();
        // It cannot fail: the sender is here.
        let _ = running.wait_for(|count| *count == 0).await;
    }

    /// The tools there are now.
    async fn catalogue(&self) -> Result<Arc<Catalogue>, ErrorReport> {
        let catalogue = match self.0.runtime.exports(&self.0.context).await? {
            Exports::Listed(skills) => Catalogue::new(&skills),
            Exports::TooMany(_) => Catalogue::default(),
        };
        let catalogue = Arc::new(catalogue);
        *lock(&self.0.catalogue) = Arc::clone(&catalogue);
        Ok(catalogue)
    }

    async fn tool(&self, name: &str) -> Result<Option<SkillTool>, ErrorReport> {
        let known = lock(&self.0.catalogue).call(name).cloned();
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
        trace: Option<String>,
    ) -> Result<Option<CallToolResult>, ErrorReport> {
        let answer = match name {
            fixed::SEARCH => outcome::told(self.search(&given).await?),
            fixed::DESCRIBE => outcome::told(self.describe(&given).await?),
            fixed::RUN => {
                let (tool, given) = self.meant(given).await?;
                self.run(&tool, given, trace).await?
            }
            name => match self.tool(name).await? {
                Some(tool) => self.run(&tool, given, trace).await?,
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
        let skills = self.0.runtime.search(&self.0.context, request).await?;
        Ok(fixed::found(&skills))
    }

    async fn describe(&self, given: &JsonObject) -> Result<Value, ErrorReport> {
        let skill = selector(fixed::DESCRIBE, given)?;
        let exports = self.0.runtime.exports_of(&self.0.context, &skill).await?;
        let info = self.0.runtime.info(&self.0.context, &skill).await?;
        Ok(fixed::described(&exports, &info))
    }

    /// What `skill_run` is to run, and with what.
    async fn meant(&self, mut given: JsonObject) -> Result<(SkillTool, JsonObject), ErrorReport> {
        let skill = selector(fixed::RUN, &given)?;
        let method = text(fixed::RUN, &given, "method")?.to_owned();
        let exports = self.0.runtime.exports_of(&self.0.context, &skill).await?;
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
        trace: Option<String>,
    ) -> Result<CallToolResult, ErrorReport> {
        let args = arguments(&tool.shape, given).map_err(|reason| invalid(tool, reason))?;
        let request = ExecRequest {
            skill: tool.skill.clone(),
            method: tool.method.clone(),
            args,
            timeout_seconds: None,
            correlation_id: trace,
        };
        let silent: EventSink = Arc::new(|_| {});
        let report = self
            .0
            .runtime
            .execute(&self.0.context, request, &silent)
            .await;
        let value = report.outcome?;
        let mut results = lock(&self.0.results);
        Ok(outcome::success(
            value,
            tool,
            &report.correlation_id,
            &mut results,
        ))
    }

    /// Waits until the skills change.
    async fn changed(&self, changes: &mut watch::Receiver<u64>) -> bool {
        changes.changed().await.is_ok()
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
        _: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let catalogue = self
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
        let _running = Running::on(&self.0.running);
        let given = request.arguments.unwrap_or_default();
        let trace = context.meta.get_traceparent().and_then(trace_id);
        let answer = tokio::select! {
            answer = self.answer(&request.name, given, trace) => answer,
            // The call is dropped, which ends it; nobody reads this.
            () = context.ct.cancelled() => Err(ErrorReport::new(ErrorCode::Interrupted)),
        };
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
        _: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let results = lock(&self.0.results);
        let resources = results
            .all()
            .map(|kept| outcome::resource(&kept.uri, kept.title.clone(), kept.text.len()))
            .collect();
        Ok(ListResourcesResult::with_all_items(resources))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let kept = lock(&self.0.results).get(&request.uri).cloned();
        match kept {
            Some(kept) => Ok(ReadResourceResult::new(vec![ResourceContents::text(
                kept.text, kept.uri,
            )])
            .into()),
            None => Err(ErrorData::invalid_params(
                "there is no such resource, or no longer",
                None,
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
        let mut changes = self.0.runtime.catalogue_changes();
        loop {
            let changed = tokio::select! {
                changed = self.changed(&mut changes) => changed,
                () = context.cancelled() => false,
            };
            if !changed || context.sink().notify_tool_list_changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut changes = self.0.runtime.catalogue_changes();
        let server = self.clone();
        tokio::spawn(async move {
            while server.changed(&mut changes).await {
                if context.peer.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
