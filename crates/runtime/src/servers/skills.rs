//! The servers of a workspace, for the skills that run in it.

use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use mycelium_protocol::control::ServerTool;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use serde_json::value::to_raw_value;
use tokio::time::Instant;

use super::ToolCall;
use super::summary;
use super::target;
use crate::McpAnswer;
use crate::McpCaller;
use crate::McpOperation;
use crate::McpRequest;
use crate::McpServers;
use crate::inner::Inner;

/// The servers of all workspaces of a runtime. What a skill may ask was decided before it asks here.
pub(crate) struct SkillServers(Weak<Inner>);

impl SkillServers {
    pub(crate) fn of(inner: &Arc<Inner>) -> Self {
        Self(Arc::downgrade(inner))
    }
}

impl McpServers for SkillServers {
    fn request(&self, caller: McpCaller, request: McpRequest) -> McpAnswer<'_> {
        let inner = self.0.upgrade();
        Box::pin(async move {
            let ended = || ErrorReport::new(ErrorCode::Interrupted);
            let value = inner
                .ok_or_else(ended)?
                .ask_server(&caller, request)
                .await?;
            to_raw_value(&value).map_err(ErrorReport::internal)
        })
    }
}

impl Inner {
    /// Asks a server for a skill. Results are as the protocol has them.
    async fn ask_server(
        self: &Arc<Self>,
        caller: &McpCaller,
        request: McpRequest,
    ) -> Result<Value, ErrorReport> {
        let (workspace, servers) = self.servers_in(Arc::clone(&caller.workspace)).await?;
        let client = self.servers.client()?;
        let Some(name) = request.server else {
            let granted = (servers.definitions.iter())
                .filter(|definition| caller.policy.allows_server(&definition.name));
            let granted = granted.map(|definition| {
                let summary = summary(client.as_ref(), &workspace, &servers, definition);
                json!({ "name": summary.name, "state": summary.state })
            });
            return Ok(json!({ "servers": granted.collect::<Vec<_>>() }));
        };
        let (target, seconds) = target(&workspace, &servers, &name)?;
        Ok(match request.operation {
            McpOperation::Servers => {
                return Err(ErrorReport::internal(
                    "all servers are asked about by no name",
                ));
            }
            McpOperation::ListTools => {
                let tools = client.describe(target).await?.tools.into_iter();
                let granted = tools.filter(|tool| caller.policy.allows_tool(&name, &tool.name));
                json!({ "tools": granted.map(as_told).collect::<Vec<_>>() })
            }
            McpOperation::CallTool => {
                let left = caller.deadline.saturating_duration_since(Instant::now());
                let call = ToolCall {
                    timeout: left.min(Duration::from_secs(seconds)),
                    ..tool_call(request.params)?
                };
                client.call(target, call).await?
            }
            McpOperation::ListResources => {
                json!({ "resources": client.describe(target).await?.resources })
            }
            McpOperation::ReadResource => {
                let uri = request.params.get("uri").and_then(Value::as_str);
                let uri = uri.ok_or_else(|| invalid("the request names no resource"))?;
                json!({ "contents": client.read(target, uri.to_owned()).await? })
            }
        })
    }
}

/// The call that the parameters of the protocol mean.
fn tool_call(mut params: Map<String, Value>) -> Result<ToolCall, ErrorReport> {
    let tool = params.get("name").and_then(Value::as_str);
    let tool = tool.ok_or_else(|| invalid("the request names no tool"))?;
    let tool = tool.to_owned();
    let arguments = match params.remove("arguments") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(arguments)) => arguments,
        Some(_) => return Err(invalid("the arguments are no object")),
    };
    Ok(ToolCall {
        tool,
        arguments,
        timeout: Duration::ZERO,
    })
}

/// A tool as the protocol has it.
fn as_told(tool: ServerTool) -> Value {
    let mut told = json!({ "name": tool.name, "inputSchema": tool.input_schema });
    for (name, value) in [
        ("description", tool.description.map(Value::from)),
        ("outputSchema", tool.output_schema),
        ("annotations", tool.annotations),
    ] {
        if let Some(value) = value {
            told[name] = value;
        }
    }
    told
}

fn invalid(reason: &str) -> ErrorReport {
    ErrorReport::new(ErrorCode::HostCallInvalid).with("reason", reason)
}
