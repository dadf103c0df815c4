//! Answers what a worker asks of the runtime during one request: everything is checked here, whoever asks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use mycelium_audit::AuditEvent;
use mycelium_audit::Subject;
use mycelium_network::GivenSecrets;
use mycelium_protocol::Event;
use mycelium_protocol::Operation;
use mycelium_protocol::read_value;
use mycelium_protocol::worker::AssetUses;
use mycelium_protocol::worker::HostCall;
use mycelium_protocol::worker::McpCall;
use mycelium_protocol::worker::McpOperation;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Request;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Limit;
use mycelium_types::Permission;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::to_raw_value;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::EventSink;
use crate::audit::AuditTrail;
use crate::connection::megabytes;
use crate::host_calls::Host;
use crate::host_calls::HostRefusal;
use crate::host_calls::Performed;
use crate::host_calls::Unusable;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::key_value::KeyValueStore;
use crate::last_use::Part;
use crate::launch::LaunchSpec;
use crate::servers::McpRequest;
use crate::skill_calls::CallScope;
use crate::workspace::Workspace;

/// How many calls of other skills one request may have under way, and as many requests to servers; further ones wait. The
/// answers of all of them may be in memory at one time.
const SIDE_BY_SIDE: usize = 8;

/// The longest name of an MCP server or of one of its tools, in bytes: longer ones are not looked for.
const MAX_NAME: usize = 256;

/// What answers a worker's calls during one request.
pub(crate) struct Desk {
    pub(crate) inner: Weak<Inner>,
    pub(crate) launch: Arc<LaunchSpec>,
    pub(crate) workspace: Arc<Workspace>,
    /// What calls of other skills inherit; nothing where there is no call.
    pub(crate) scope: Option<CallScope>,
    /// How many calls of other skills, and how many requests to servers, may be under way.
    pub(crate) skill_calls: Arc<Semaphore>,
    pub(crate) server_requests: Arc<Semaphore>,
    /// Whether nobody waits for the request any more.
    pub(crate) cancelled: watch::Sender<bool>,
    pub(crate) trace: String,
    pub(crate) deadline: Instant,
    pub(crate) events: EventSink,
    /// The values of secrets that hosts were given: nothing that is told may show them.
    pub(crate) given: Arc<GivenSecrets>,
    /// How often what was asked for.
    pub(crate) used: Tally,
}

/// What a request asked for, by function. What is not on record by then goes there when this is dropped: a request that
/// nobody waited for to its end asked for things, too.
pub(crate) struct Tally {
    uses: Mutex<BTreeMap<&'static str, Uses>>,
    audit: AuditTrail,
    subject: Subject,
    /// What was called.
    call: String,
}

/// How often something was asked for, and how often in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    times: u64,
    failed: u64,
}

impl Host for Desk {
    fn perform(self: Arc<Self>, call: HostCall) -> Pin<Box<dyn Future<Output = Performed> + Send>> {
        Box::pin(async move {
            let method = call.method();
            let mut performed = match call {
                HostCall::KvGet(get) => self.kept(move |store| store.get(&get)).await,
                HostCall::KvList(list) => self.kept(move |store| store.list(&list)).await,
                HostCall::KvCommit(commit) => self.kept(move |store| store.commit(&commit)).await,
                HostCall::Skill(call) => self.call_skill(call).await,
                HostCall::Mcp(call) => self.mcp(call).await,
            };
            let most = self.launch.policy.limits.frame_mb;
            if let Ok(answer) = &performed.outcome
                && answer.get().len() > megabytes(most)
            {
                performed.outcome =
                    Err(ErrorReport::of_limit(Limit::Frame, most).with("method", method));
            }
            if let Err(error) = &mut performed.outcome {
                self.describe(error, method);
            }
            let failed = u64::from(performed.outcome.is_err());
            self.used.count(method, Uses { times: 1, failed });
            performed
        })
    }

    fn cancel(&self) {
        if self.launch.has_host_api() {
            self.used.count("signal", Uses::ONCE);
        }
        self.cancelled.send_replace(true);
    }

    fn note(&self, told: &Notification) {
        match told {
            Notification::Console(_) if self.launch.has_host_api() => {
                self.used.count("log", Uses::ONCE);
            }
            Notification::Progress(_) => self.used.count("progress", Uses::ONCE),
            Notification::Assets(AssetUses { times, failed }) => {
                let (times, failed) = (*times, *failed);
                self.used.count("assets", Uses { times, failed });
            }
            Notification::Console(_)
            | Notification::Denied(_)
            | Notification::Used(_)
            | Notification::Omitted(_)
            | Notification::Looked(_) => {}
        }
    }

    fn refuse(&self, reason: Unusable) -> ErrorReport {
        let mut error = match reason {
            Unusable::Invalid(reason) => invalid(reason),
            Unusable::TooLate => ErrorReport::new(ErrorCode::CallEnded),
            Unusable::TooMuch => {
                ErrorReport::of_limit(Limit::Frame, self.launch.policy.limits.frame_mb)
            }
        };
        self.describe(&mut error, "call");
        error
    }
}

/// Places for what may be under way side by side.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(SIDE_BY_SIDE))
}

impl Uses {
    const ONCE: Self = Self {
        times: 1,
        failed: 0,
    };
}

impl Tally {
    /// Counts what is asked for during a request, from what the request itself hands over.
    pub(crate) fn new(
        audit: &AuditTrail,
        subject: Subject,
        call: &str,
        handed_over: Option<&'static str>,
    ) -> Self {
        Self {
            uses: Mutex::new(handed_over.map(|it| (it, Uses::ONCE)).into_iter().collect()),
            audit: audit.clone(),
            subject,
            call: call.to_owned(),
        }
    }

    /// Puts on record what was asked for, in brief.
    pub(crate) fn record(&self) {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        for (function, uses) in uses {
            let event = AuditEvent::HostCalls {
                function: function.to_owned(),
                call: self.call.clone(),
                times: uses.times,
                failed: uses.failed,
            };
            // An ordinary entry: it is written before the one of the call it is part of.
            drop(self.audit.record(self.subject.clone(), event));
        }
    }

    fn count(&self, function: &'static str, more: Uses) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let uses = uses.entry(function).or_default();
        // A worker may tell any number.
        uses.times = uses.times.saturating_add(more.times);
        uses.failed = uses.failed.saturating_add(more.failed);
    }
}

/// What a request hands to the skill of what it would have to ask for otherwise.
pub(crate) fn handed_over(request: &Request) -> Option<&'static str> {
    let context = match request {
        Request::Load(params) => {
            let has_settings = params.settings.as_object().is_some_and(|it| !it.is_empty());
            return has_settings.then_some("config");
        }
        Request::Hook(params) => params.context.as_deref(),
        Request::Call(params) => params.context.as_deref(),
        Request::Start(_) | Request::Compile(_) | Request::Describe(_) => None,
    };
    // What else there is to know of a call is what its own entry says.
    context
        .is_some_and(|context| context.conversation.is_some())
        .then_some("context/conversation")
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.record();
    }
}

impl Desk {
    /// Adds to an error who asked for what.
    fn describe(&self, error: &mut ErrorReport, function: &str) {
        for (name, value) in [
            ("skill", self.launch.policy.skill.name.to_string()),
            ("function", function.to_owned()),
        ] {
            error.context.entry(name.to_owned()).or_insert(value);
        }
    }

    /// Does something with what the skill keeps, where blocking is allowed.
    async fn kept<T: Serialize + Send + 'static>(
        &self,
        action: impl FnOnce(&KeyValueStore) -> Result<T, ErrorReport> + Send + 'static,
    ) -> Performed {
        let Some(store) = self.launch.store.clone() else {
            return invalid("nothing is kept of a skill that is only checked").into();
        };
        let found = blocking(move || action(&store)).await;
        Performed::freely(
            found.and_then(|found| to_raw_value(&found).map_err(ErrorReport::internal)),
        )
    }

    async fn mcp(&self, call: McpCall) -> Performed {
        let request = match mcp_request(call) {
            Ok(request) => request,
            Err(error) => return error.into(),
        };
        if let Err(refused) = self.judge(&request) {
            return Performed::refused(refused);
        }
        let Some(inner) = self.inner.upgrade() else {
            return ErrorReport::new(ErrorCode::CallEnded).into();
        };
        let place = match request.operation {
            // Which may take for ever, and has a small answer.
            McpOperation::AwaitResource => None,
            McpOperation::Servers
            | McpOperation::ListTools
            | McpOperation::CallTool
            | McpOperation::ListResources
            | McpOperation::ListTemplates
            | McpOperation::ReadResource => {
                let place = Arc::clone(&self.server_requests).acquire_owned().await;
                // Nobody closes it.
                place.ok()
            }
        };
        let used = request.server.as_deref().map(Part::mcp);
        let policy = &self.launch.evaluation.host;
        let asked = inner.ask_server(&self.workspace, policy, self.deadline, request);
        let found = asked.await;
        Performed {
            used,
            place,
            ..Performed::freely(
                found.and_then(|found| to_raw_value(&found).map_err(ErrorReport::internal)),
            )
        }
    }

    /// Tells of a skill that is observed what it asked for, with the permission that is for it.
    pub(crate) fn tell_needed(&self, target: String, permission: Permission) {
        let is_told = self.launch.policy.observed
            // What has a secret's value in it names no server, tool or skill.
            && matches!(self.given.conceal(&target), Cow::Borrowed(_));
        if is_told {
            (self.events)(Event::Needed {
                skill: self.launch.policy.skill.name.clone(),
                operation: Operation::Call,
                what: target,
                permission,
            });
        }
    }

    /// Judges a request to an MCP server.
    ///
    /// # Errors
    /// What of it the skill may not do.
    fn judge(&self, request: &McpRequest) -> Result<(), HostRefusal> {
        let policy = &self.launch.evaluation.host;
        let Some(server) = request.server.as_deref() else {
            return Ok(());
        };
        let tool = match request.operation {
            McpOperation::CallTool => request.params.get("name").and_then(Value::as_str),
            McpOperation::Servers
            | McpOperation::ListTools
            | McpOperation::ListResources
            | McpOperation::ListTemplates
            | McpOperation::ReadResource
            | McpOperation::AwaitResource => None,
        };
        let allowed = match tool {
            Some(tool) => policy.allows_tool(server, tool),
            None => policy.allows_server(server),
        };
        let target = match tool {
            Some(tool) => format!("{server}/{tool}"),
            None => server.to_owned(),
        };
        let permission = Permission::Mcp {
            servers: vec![server.to_owned()],
            tools: tool.map(str::to_owned).into_iter().collect(),
        };
        if !allowed {
            return Err(HostRefusal {
                attempted: target.clone(),
                target,
                permission,
            });
        }
        self.tell_needed(target, permission);
        Ok(())
    }
}

/// The request to an MCP server that a skill means.
fn mcp_request(call: McpCall) -> Result<McpRequest, ErrorReport> {
    let params = match &call.params {
        Some(params) => read_value(params.get()).map_err(invalid)?,
        None => Value::Null,
    };
    let params = match params {
        Value::Object(params) => params,
        Value::Null => Map::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(invalid("the parameters are no object"));
        }
    };
    let is_about_all = call.operation == McpOperation::Servers;
    if call.server.is_none() != is_about_all {
        return Err(invalid("the request names no server, or names one in vain"));
    }
    let tool = params.get("name").and_then(Value::as_str);
    if call.operation == McpOperation::CallTool && tool.is_none() {
        return Err(invalid("the request names no tool"));
    }
    let mut names = call.server.as_deref().into_iter().chain(tool);
    if names.any(|name| name.len() > MAX_NAME) {
        let reason = format!("a server's or tool's name is longer than {MAX_NAME} bytes");
        return Err(invalid(reason));
    }
    Ok(McpRequest {
        server: call.server,
        operation: call.operation,
        params,
    })
}

pub(crate) fn invalid(reason: impl std::fmt::Display) -> ErrorReport {
    ErrorReport::new(ErrorCode::HostCallInvalid).with("reason", reason)
}
