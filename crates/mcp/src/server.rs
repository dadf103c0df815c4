//! One agent's view of the skills: what the protocol's requests mean here.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mycelium_protocol::control::RequestContext;
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
use rmcp::model::GetPromptRequestParams;
use rmcp::model::GetPromptResponse;
use rmcp::model::GetSkillRequestParams;
use rmcp::model::GetSkillResult;
use rmcp::model::Implementation;
use rmcp::model::ListPromptsResult;
use rmcp::model::ListResourceTemplatesResult;
use rmcp::model::ListResourcesResult;
use rmcp::model::ListSkillsResult;
use rmcp::model::ListToolsResult;
use rmcp::model::PaginatedRequestParams;
use rmcp::model::ReadResourceDirectoryRequestParams;
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
use rmcp::service::SubscriptionSendError;
use serde_json::Value;

use crate::calls::CONVERSATION_KEY;
use crate::calls::Call;
use crate::calls::agent;
use crate::calls::trace_id;
use crate::consent::Asker;
use crate::consent::Questions;
use crate::fixed;
use crate::http::NamedSessions;
use crate::http::SESSION_KEY;
use crate::outcome;
use crate::progress::Progress;
use crate::published;
use crate::tools::AgentTools;
use crate::view::Running;
use crate::view::View;
use crate::view::lock;

/// Entries on one page of a list.
const PAGE: usize = 250;
/// Skills that are looked at for one page: all of their files are read.
const SKILLS_PAGE: usize = 50;

/// One agent's view of the skills. Clones are the same view.
#[derive(Clone)]
pub(crate) struct SkillServer {
    view: Arc<View>,
    /// The other views at the same address, where requests can name theirs.
    named: Option<Arc<NamedSessions>>,
}

impl SkillServer {
    /// A view in a session that somebody else ends, of an agent whose person may be asked.
    pub(crate) fn new(tools: AgentTools, context: RequestContext) -> Self {
        let questions = Some(Arc::new(Questions::default()));
        Self {
            view: Arc::new(View::new(tools, context, questions)),
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

    /// The view of the session that a request names, else its own.
    fn view(&self, meta: &RequestMetaObject) -> Result<Arc<View>, ErrorData> {
        match (&self.named, meta.get(SESSION_KEY).and_then(Value::as_str)) {
            (Some(named), Some(name)) => named
                .get(name)
                .map_err(|reason| ErrorData::invalid_params(reason, None)),
            (None, _) | (_, None) => Ok(Arc::clone(&self.view)),
        }
    }

    /// Returns when no call runs.
    pub(crate) async fn idle(&self) {
        let mut running = self.view.running.subscribe();
        // It cannot fail: the sender is here.
        let _ = running.wait_for(|count| *count == 0).await;
    }
}

impl ServerHandler for SkillServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_skills_with_directory_read()
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
        let view = self.view(&context.meta)?;
        let catalogue = view.catalogue().await.map_err(protocol_error)?;
        let fixed = fixed::tools();
        let (span, next) = span(fixed.len() + catalogue.tools().len(), request)?;
        let tools = fixed.iter().chain(catalogue.tools());
        let tools = tools.skip(span.start).take(span.len());
        let mut result = ListToolsResult::with_all_items(tools.cloned().collect());
        result.next_cursor = next;
        Ok(result)
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let view = self.view(&context.meta)?;
        let _running = Running::on(&view);
        let given = request.arguments.take().unwrap_or_default();
        let call = Call {
            trace: context.meta.get_traceparent().and_then(trace_id),
            progress: Progress::new(context.meta.get_progress_token(), &context.peer),
            agent: context.client_info().map(|client| {
                agent(
                    client,
                    view.roots.known(),
                    context.meta.get(CONVERSATION_KEY),
                )
            }),
            consent: Asker::of(&context, &mut request),
        };
        let answer = tokio::select! {
            answer = view.answer(&request.name, given, &call) => answer,
            // The call is dropped, which ends it; nobody reads this.
            () = context.ct.cancelled() => Err(ErrorReport::new(ErrorCode::Interrupted)),
        };
        call.progress.end().await;
        match answer {
            Ok(Some(response)) => Ok(response),
            Ok(None) => Err(ErrorData::invalid_params(
                format!("there is no tool `{}`", printable(&request.name)),
                None,
            )),
            Err(error) => Ok(outcome::failure(&error).into()),
        }
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let view = self.view(&context.meta)?;
        let prompts = view.prompts().await.map_err(protocol_error)?;
        let (prompts, next) = page(prompts, request)?;
        let mut result = ListPromptsResult::with_all_items(prompts);
        result.next_cursor = next;
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let view = self.view(&context.meta)?;
        let given = request.arguments.unwrap_or_default();
        let prompt = view.prompt(&request.name, &given).await;
        match prompt.map_err(protocol_error)? {
            Some(prompt) => Ok(prompt.into()),
            None => Err(ErrorData::invalid_params(
                format!("there is no prompt `{}`", printable(&request.name)),
                None,
            )),
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let view = self.view(&context.meta)?;
        let mut resources = view.instruction_files().await.map_err(protocol_error)?;
        let results = lock(&view.results);
        let results = results
            .all()
            .map(|kept| outcome::resource(&kept.uri, kept.title.clone(), kept.text.len()));
        resources.extend(results);
        let (resources, next) = page(resources, request)?;
        let mut result = ListResourcesResult::with_all_items(resources);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates = vec![published::template()];
        Ok(ListResourceTemplatesResult::with_all_items(templates))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let view = self.view(&context.meta)?;
        let kept = lock(&view.results).get(&request.uri).cloned();
        let contents = match kept {
            Some(kept) => Some(ResourceContents::text(kept.text, kept.uri)),
            None => view.file(&request.uri).await.map_err(protocol_error)?,
        };
        match contents {
            Some(contents) => Ok(ReadResourceResult::new(vec![contents]).into()),
            None => Err(no_resource(&request.uri)),
        }
    }

    async fn list_skills(
        &self,
        request: Option<PaginatedRequestParams>,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        let view = self.view(&context.meta)?;
        let start = start(request)?;
        let found = view.skills(start, SKILLS_PAGE).await;
        let (skills, next) = found.map_err(protocol_error)?;
        let mut result = ListSkillsResult::with_all_items(skills);
        result.next_cursor = next.map(|next| next.to_string());
        Ok(result)
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        let view = self.view(&context.meta)?;
        match view.skill(&request.uri).await.map_err(protocol_error)? {
            Some(skill) => Ok(GetSkillResult::new(skill)),
            None => Err(no_resource(&request.uri)),
        }
    }

    async fn read_resource_directory(
        &self,
        request: ReadResourceDirectoryRequestParams,
        context: rmcp::service::RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let view = self.view(&context.meta)?;
        let found = view.folder(&request.uri).await.map_err(protocol_error)?;
        let Some(children) = found else {
            return Err(no_resource(&request.uri));
        };
        let paging = PaginatedRequestParams::default().with_cursor(request.cursor);
        let (children, next) = page(children, Some(paging))?;
        let mut result = ListResourcesResult::with_all_items(children);
        result.next_cursor = next;
        Ok(result)
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
                // Who has left is told nothing more, also when both have happened meanwhile.
                biased;
                () = context.cancelled() => false,
                changed = changes.changed() => changed.is_ok(),
            };
            if !changed {
                return Ok(());
            }
            let sink = context.sink();
            let told = [
                sink.notify_tool_list_changed().await.err(),
                sink.notify_prompt_list_changed().await.err(),
                sink.notify_resource_list_changed().await.err(),
            ];
            if told.into_iter().flatten().any(is_over) {
                return Ok(());
            }
        }
    }

    async fn on_roots_list_changed(&self, _context: NotificationContext<RoleServer>) {
        self.view.roots.changed();
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if self.view.is_followed.swap(true, Ordering::Relaxed) {
            return;
        }
        // Neither task keeps the view: with it the session ends.
        let (roots, peer) = (Arc::clone(&self.view.roots), context.peer.clone());
        let end = self.view.alive.subscribe();
        tokio::spawn(async move { roots.follow(&peer, end).await });
        let mut changes = self.view.runtime.catalogue_changes();
        let mut alive = self.view.alive.subscribe();
        tokio::spawn(async move {
            loop {
                let changed = tokio::select! {
                    changed = changes.changed() => changed.is_ok(),
                    _ = alive.changed() => false,
                };
                if !changed
                    || context.peer.notify_tool_list_changed().await.is_err()
                    || context.peer.notify_prompt_list_changed().await.is_err()
                    || context.peer.notify_resource_list_changed().await.is_err()
                {
                    return;
                }
            }
        });
    }
}

/// Whether nothing more can be told, rather than this one thing not being asked for.
fn is_over(error: SubscriptionSendError) -> bool {
    !matches!(error, SubscriptionSendError::NotificationNotAccepted(_))
}

/// Where a page begins: a number that an earlier page gave.
fn start(request: Option<PaginatedRequestParams>) -> Result<usize, ErrorData> {
    let cursor = request.and_then(|request| request.cursor);
    match cursor.as_deref().map(str::parse) {
        None => Ok(0),
        Some(Ok(start)) => Ok(start),
        Some(Err(_)) => Err(no_page()),
    }
}

/// One page of a list, and where the next one begins.
fn page<T>(
    all: Vec<T>,
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let (span, next) = span(all.len(), request)?;
    let page = all.into_iter().skip(span.start).take(span.len());
    Ok((page.collect(), next))
}

/// Where in a list of this length a page is, and where the next one begins.
fn span(
    length: usize,
    request: Option<PaginatedRequestParams>,
) -> Result<(Range<usize>, Option<String>), ErrorData> {
    let start = start(request)?;
    if start > 0 && start >= length {
        return Err(no_page());
    }
    let end = length.min(start.saturating_add(PAGE));
    Ok((start..end, (end < length).then(|| end.to_string())))
}

fn no_page() -> ErrorData {
    ErrorData::invalid_params("there is no such page", None)
}

fn no_resource(uri: &str) -> ErrorData {
    ErrorData::invalid_params(
        "there is no such resource, or no longer",
        Some(serde_json::json!({ "uri": uri })),
    )
}

/// For requests that have no other way to fail.
fn protocol_error(error: ErrorReport) -> ErrorData {
    let text = format!(
        "{}: {} {}",
        error.code.as_str(),
        error.message(Locale::default()),
        error.remediation(Locale::default())
    );
    ErrorData::internal_error(text, None)
}
