//! The servers of a workspace, for the skills that run in it.

use std::sync::Arc;
use std::time::Duration;

use mycelium_policy::HostPolicy;
use mycelium_protocol::control::ServerTool;
use mycelium_protocol::worker::McpOperation;
use mycelium_types::ErrorReport;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::ToolCall;
use super::summary;
use super::target;
use crate::desk::invalid;
use crate::inner::Inner;
use crate::workspace::Workspace;

/// What a skill asks of a server.
#[derive(Clone, Debug)]
pub(crate) struct McpRequest {
    /// The server's name; none where all servers are asked about.
    pub(crate) server: Option<String>,
    pub(crate) operation: McpOperation,
    /// The parameters of the protocol's own request.
    pub(crate) params: Map<String, Value>,
}

impl Inner {
    /// Asks a server for a skill that may ask it, by `policy`, until `deadline`. Results are as the protocol has them,
    /// and lists as far as the skill may use what is in them.
    pub(crate) async fn ask_server(
        self: &Arc<Self>,
        workspace: &Arc<Workspace>,
        policy: &HostPolicy,
        deadline: Instant,
        request: McpRequest,
    ) -> Result<Value, ErrorReport> {
        let (workspace, servers) = self.servers_in(Arc::clone(workspace)).await?;
        let nobody = |_| invalid("this program is connected to no MCP servers");
        let client = self.servers.client().map_err(nobody)?;
        let Some(name) = request.server else {
            let granted = (servers.definitions.iter())
                .filter(|definition| policy.allows_server(&definition.name));
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
                let granted = tools.filter(|tool| policy.allows_tool(&name, &tool.name));
                json!({ "tools": granted.map(as_told).collect::<Vec<_>>() })
            }
            McpOperation::CallTool => {
                let left = deadline.saturating_duration_since(Instant::now());
                let call = ToolCall {
                    timeout: left.min(Duration::from_secs(seconds)),
                    ..tool_call(request.params)?
                };
                client.call(target, call).await?
            }
            McpOperation::ListResources => {
                json!({ "resources": client.describe(target).await?.resources })
            }
            McpOperation::ListTemplates => {
                json!({ "templates": client.templates(target).await? })
            }
            McpOperation::ReadResource => {
                let uri = resource(&request.params)?;
                json!({ "contents": client.read(target, uri).await? })
            }
            McpOperation::AwaitResource => {
                let uri = resource(&request.params)?;
                let wanted = request.params.get("seconds").and_then(Value::as_u64);
                let left = deadline.saturating_duration_since(Instant::now());
                // Enough of it stays to be told that nothing happened.
                let left = left.saturating_sub(left.min(Duration::from_secs(1)) / 2);
                let wait = left.min(Duration::from_secs(wanted.unwrap_or(seconds)));
                json!({ "changed": client.changed(target, uri, wait).await? })
            }
        })
    }
}

fn resource(params: &Map<String, Value>) -> Result<String, ErrorReport> {
    let uri = params.get("uri").and_then(Value::as_str);
    let uri = uri.ok_or_else(|| invalid("the request names no resource"))?;
    Ok(uri.to_owned())
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
