//! One connection to a server, from its start to its end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mycelium_protocol::control::ServerDescription;
use mycelium_runtime::ServerTarget;
use mycelium_runtime::ToolCall;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::printable;
use rmcp::Peer;
use rmcp::RoleClient;
use rmcp::ServiceError;
use rmcp::model::CallToolRequestParams;
use rmcp::model::CallToolResponse;
use rmcp::model::CallToolResult;
use rmcp::model::PaginatedRequestParams;
use rmcp::model::ReadResourceRequestParams;
use rmcp::model::ServerNotification;
use rmcp::model::SubscriptionFilter;
use rmcp::service::RunningService;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::failure;
use super::failure::Asked;
use super::host::Host;
use super::link::Link;
use super::link::LinkEnd;
use super::listing::Listing;
use super::lock;
use super::process::Tail;

/// The longest message of a server, in MiB.
pub(super) const MAX_MESSAGE: usize = 16;
/// The most tools and resources of one server.
const MAX_ITEMS: usize = 2_000;
/// Changes of resources that wait to be heard of.
const MAX_UPDATES: usize = 256;
/// The most pages of a list.
const MAX_PAGES: usize = 100;

/// A server that answers.
pub(super) struct Connection {
    name: String,
    peer: Peer<RoleClient>,
    /// Ends it.
    close: CancellationToken,
    /// Turns true when nothing is left of it.
    ended: watch::Receiver<bool>,
    exceeded: Arc<AtomicBool>,
    tail: Option<Tail>,
    /// What it offers, as long as it has not said that this has changed.
    listing: tokio::sync::Mutex<Option<Arc<Listing>>>,
    changed: Arc<AtomicBool>,
    updates: broadcast::Sender<String>,
    /// The resources whose changes it tells, where sessions have subscriptions.
    subscribed: tokio::sync::Mutex<BTreeSet<String>>,
    users: AtomicUsize,
    last_use: Mutex<Instant>,
}

/// Where in a list its reader is.
pub(super) struct Pages {
    /// The next page; its cursor, but for the first one.
    pub(super) next: Option<Option<PaginatedRequestParams>>,
    turned: usize,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            next: Some(None),
            turned: 0,
        }
    }
}

/// A use of a connection, which is kept meanwhile.
pub(super) struct Use(Arc<Connection>);

impl Drop for Use {
    fn drop(&mut self) {
        *lock(&self.0.last_use) = Instant::now();
        self.0.users.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Connection {
    /// Shakes hands with the server, which is started where it is not there already.
    pub(super) async fn open(target: &ServerTarget) -> Result<Arc<Self>, ErrorReport> {
        let changed = Arc::new(AtomicBool::new(false));
        let (updates, _) = broadcast::channel(MAX_UPDATES);
        let host = Host {
            changed: Arc::clone(&changed),
            updates: updates.clone(),
        };
        let Link {
            service,
            exceeded,
            end,
            tail,
        } = Link::open(target, host).await?;
        let close = CancellationToken::new();
        let (ends, ended) = watch::channel(false);
        let connection = Arc::new(Self {
            name: target.name.clone(),
            peer: service.peer().clone(),
            close: close.clone(),
            ended,
            exceeded,
            tail,
            listing: tokio::sync::Mutex::default(),
            changed,
            updates,
            subscribed: tokio::sync::Mutex::default(),
            users: AtomicUsize::new(0),
            last_use: Mutex::new(Instant::now()),
        });
        tokio::spawn(keep(service, end, close, ends));
        tokio::spawn(Arc::clone(&connection).close_when_idle(target.idle));
        connection.subscribe();
        Ok(connection)
    }

    pub(super) async fn subscribed(&self) -> tokio::sync::MutexGuard<'_, BTreeSet<String>> {
        self.subscribed.lock().await
    }

    /// Hears of changes of resources from now on.
    pub(super) fn updates(&self) -> broadcast::Receiver<String> {
        self.updates.subscribe()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        &self.peer
    }

    pub(super) fn is_open(&self) -> bool {
        !self.close.is_cancelled() && !*self.ended.borrow() && !self.peer.is_transport_closed()
    }

    /// Keeps it for as long as what this returns.
    pub(super) fn used(this: &Arc<Self>) -> Use {
        this.users.fetch_add(1, Ordering::AcqRel);
        Use(Arc::clone(this))
    }

    /// Ends it, with the server if that was started, and returns when it has ended.
    pub(super) async fn close(&self) {
        self.close.cancel();
        let mut ended = self.ended.clone();
        // It cannot fail before it is true: whoever ends it says so last.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    async fn close_when_idle(self: Arc<Self>, idle: Duration) {
        let mut ended = self.ended.clone();
        loop {
            let deadline = *lock(&self.last_use) + idle;
            let is_idle = self.users.load(Ordering::Acquire) == 0;
            if is_idle && deadline <= Instant::now() {
                self.close.cancel();
                return;
            }
            // While somebody uses it, it is looked at again a whole time later.
            let next = if is_idle {
                deadline
            } else {
                Instant::now() + idle
            };
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                _ = ended.wait_for(|ended| *ended) => return,
            }
        }
    }

    /// Asks to hear when the tools change, where the protocol has no other way to be told.
    fn subscribe(&self) {
        let Some(info) = self.peer.peer_info() else {
            return;
        };
        let tells = (info.capabilities.tools.as_ref())
            .is_some_and(|tools| tools.list_changed == Some(true));
        if info.protocol_version.has_initialize() || !tells {
            return;
        }
        let (peer, changed) = (self.peer.clone(), Arc::clone(&self.changed));
        tokio::spawn(async move {
            let filter = SubscriptionFilter::builder().tools_list_changed().build();
            let Ok(mut subscription) = peer.listen(filter).await else {
                return;
            };
            while let Ok(Some(notification)) = subscription.next().await {
                if let ServerNotification::ToolListChangedNotification(_) = notification {
                    changed.store(true, Ordering::Release);
                }
            }
            // What happens from here on is not heard of.
            changed.store(true, Ordering::Release);
        });
    }

    pub(super) async fn describe(&self) -> Result<ServerDescription, ErrorReport> {
        let listing = self.listing().await?;
        let Some(info) = self.peer.peer_info() else {
            return Err(self.invalid("it did not say who it is"));
        };
        let resources = match info.capabilities.resources {
            Some(_) => self.resources().await?,
            None => Vec::new(),
        };
        let who = info.server_info.as_ref();
        Ok(ServerDescription {
            server: self.name.clone(),
            title: who.map(|who| who.title.clone().unwrap_or_else(|| who.name.clone())),
            version: who.map(|who| who.version.clone()),
            protocol: info.protocol_version.to_string(),
            capabilities: self.json(&info.capabilities)?,
            instructions: info.instructions.clone(),
            tools: listing.tools.clone(),
            resources,
        })
    }

    pub(super) async fn call(&self, call: &ToolCall) -> Result<Value, ErrorReport> {
        let about = |code| {
            ErrorReport::new(code)
                .with("server", &self.name)
                .with("tool", printable(&call.tool))
        };
        let mut listing = self.listing().await?;
        if !listing.has(&call.tool) {
            // Not all servers say when their tools change.
            listing = self.list_again().await?;
        }
        if !listing.has(&call.tool) {
            let names = listing.tools.iter().map(|tool| tool.name.as_str());
            let suggestion = mycelium_types::nearest(&call.tool, names).unwrap_or("none");
            let suggestion = printable(suggestion);
            return Err(about(ErrorCode::ToolNotFound)
                .with("kind", "tool")
                .with("suggestion", suggestion));
        }
        let arguments = Value::Object(call.arguments.clone());
        if let Some(problems) = listing.problems(&call.tool, &arguments) {
            return Err(about(ErrorCode::ToolArgumentsInvalid).with("reason", problems));
        }
        let params =
            CallToolRequestParams::new(call.tool.clone()).with_arguments(call.arguments.clone());
        let asked = Asked::Tool(&call.tool);
        let result = match self.peer.call_tool_once(params).await {
            Err(error) => return Err(self.failed(asked, &error).await),
            Ok(CallToolResponse::Complete(result)) => result,
            Ok(CallToolResponse::InputRequired(_)) => {
                let reason = "it asks for more, which only a person could answer";
                return Err(about(ErrorCode::ToolFailed).with("reason", reason));
            }
            Ok(_) => return Err(self.invalid("it answers with something that was not asked for")),
        };
        if result.is_error == Some(true) {
            return Err(about(ErrorCode::ToolFailed).with("reason", said(&result)));
        }
        if let Some(reason) = listing.broken_promise(&call.tool, &result) {
            return Err(self.invalid(&reason));
        }
        let mut value = self.json(&result)?;
        if let Some(members) = value.as_object_mut() {
            // They say what is known here.
            members.remove("resultType");
            members.remove("isError");
        }
        Ok(value)
    }

    pub(super) async fn read(&self, uri: &str) -> Result<Vec<Value>, ErrorReport> {
        let params = ReadResourceRequestParams::new(uri);
        let read = match self.peer.read_resource(params).await {
            Ok(read) => read,
            Err(error) => return Err(self.failed(Asked::Resource(uri), &error).await),
        };
        read.contents.iter().map(|one| self.json(one)).collect()
    }

    /// What it offers now, as far as it says so.
    async fn listing(&self) -> Result<Arc<Listing>, ErrorReport> {
        let has_changed = self.changed.swap(false, Ordering::AcqRel);
        let known = self.listing.lock().await.clone();
        match known {
            Some(listing) if !has_changed => Ok(listing),
            Some(_) | None => self.list_again().await,
        }
    }

    async fn list_again(&self) -> Result<Arc<Listing>, ErrorReport> {
        let has_tools =
            (self.peer.peer_info()).is_some_and(|info| info.capabilities.tools.is_some());
        let mut tools = Vec::new();
        if has_tools {
            self.peer.clear_response_cache().await;
            let mut pages = Pages::default();
            while let Some(cursor) = pages.next.take() {
                let page = match self.peer.list_tools(cursor).await {
                    Ok(page) => page,
                    Err(error) => return Err(self.failed(Asked::List, &error).await),
                };
                tools.extend(page.tools);
                self.turn(&mut pages, tools.len(), page.next_cursor)?;
            }
        }
        let listing = Arc::new(Listing::new(tools));
        *self.listing.lock().await = Some(Arc::clone(&listing));
        Ok(listing)
    }

    async fn resources(&self) -> Result<Vec<Value>, ErrorReport> {
        let mut resources = Vec::new();
        let mut pages = Pages::default();
        while let Some(cursor) = pages.next.take() {
            let page = match self.peer.list_resources(cursor).await {
                Ok(page) => page,
                Err(error) => return Err(self.failed(Asked::List, &error).await),
            };
            for resource in &page.resources {
                resources.push(self.json(resource)?);
            }
            self.turn(&mut pages, resources.len(), page.next_cursor)?;
        }
        Ok(resources)
    }

    /// The templates of addresses of further resources.
    pub(super) async fn templates(&self) -> Result<Vec<Value>, ErrorReport> {
        let mut templates = Vec::new();
        let mut pages = Pages::default();
        while let Some(cursor) = pages.next.take() {
            let page = match self.peer.list_resource_templates(cursor).await {
                Ok(page) => page,
                // Not all servers with resources know what templates are.
                Err(ServiceError::McpError(_)) => break,
                Err(error) => return Err(self.failed(Asked::List, &error).await),
            };
            for template in &page.resource_templates {
                templates.push(self.json(template)?);
            }
            self.turn(&mut pages, templates.len(), page.next_cursor)?;
        }
        Ok(templates)
    }

    /// Goes on to the page at `cursor`, if there is one and the list is not too long.
    pub(super) fn turn(
        &self,
        pages: &mut Pages,
        items: usize,
        cursor: Option<String>,
    ) -> Result<(), ErrorReport> {
        pages.turned += 1;
        if items > MAX_ITEMS || (cursor.is_some() && pages.turned == MAX_PAGES) {
            let reason = format!("its list has more than {MAX_ITEMS} items or {MAX_PAGES} pages");
            return Err(self.invalid(&reason));
        }
        let next = |cursor| Some(PaginatedRequestParams::default().with_cursor(Some(cursor)));
        pages.next = cursor.map(next);
        Ok(())
    }

    /// What a failed request is to whoever asked.
    pub(super) async fn failed(&self, asked: Asked<'_>, error: &ServiceError) -> ErrorReport {
        if self.exceeded.load(Ordering::Acquire) {
            self.close.cancel();
            return ErrorReport::new(ErrorCode::ServerOutputLimit)
                .with("server", &self.name)
                .with("limit", MAX_MESSAGE);
        }
        match error {
            ServiceError::TransportSend(error) if let Some(problem) = failure::remote(error) => {
                if failure::ends_the_connection(problem) {
                    self.close.cancel();
                }
                failure::of_remote(&self.name, problem)
            }
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
                let reason = "it ended";
                match &self.tail {
                    Some(tail) => failure::ended(&self.name, &tail.after(reason).await),
                    None => failure::ended(&self.name, reason),
                }
            }
            error => failure::refused(&self.name, asked, error),
        }
    }

    pub(super) fn invalid(&self, reason: &str) -> ErrorReport {
        ErrorReport::new(ErrorCode::ServerInvalid)
            .with("server", &self.name)
            .with("reason", failure::text(reason))
    }

    fn json(&self, value: &impl Serialize) -> Result<Value, ErrorReport> {
        serde_json::to_value(value).map_err(|error| self.invalid(&error.to_string()))
    }
}

/// Keeps a server until it ends or is to end.
async fn keep(
    service: RunningService<RoleClient, Host>,
    left: LinkEnd,
    close: CancellationToken,
    ends: watch::Sender<bool>,
) {
    let end = service.cancellation_token();
    let mut waiting = std::pin::pin!(service.waiting());
    tokio::select! {
        _ = &mut waiting => {}
        () = close.cancelled() => {
            end.cancel();
            // However it ends, its streams are closed then.
            let _ = waiting.await;
        }
    }
    left.end().await;
    ends.send_replace(true);
}

/// What a tool says of its failure.
fn said(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    let texts: Vec<_> = texts.map(|text| text.text.as_str()).collect();
    match texts.as_slice() {
        [] => "it does not say why".to_owned(),
        texts => failure::text(&texts.join(" ")),
    }
}
