//! What a server offers, kept until it says that it has changed.

use std::collections::HashMap;

use mycelium_protocol::control::ServerTool;
use mycelium_runtime::ToolSchema;
use rmcp::model::CallToolResult;
use rmcp::model::Tool;
use serde_json::Value;

/// The tools of a server.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) tools: Vec<ServerTool>,
    schemas: HashMap<String, Schemas>,
}

/// The schemas of one tool, as far as they can be used.
#[derive(Debug)]
struct Schemas {
    input: Option<ToolSchema>,
    output: Option<ToolSchema>,
}

impl Listing {
    pub(super) fn new(tools: Vec<Tool>) -> Self {
        let mut listing = Self::default();
        for tool in tools {
            let tool = told(tool);
            let schemas = Schemas {
                input: ToolSchema::compile(&tool.input_schema),
                output: tool.output_schema.as_ref().and_then(ToolSchema::compile),
            };
            // Of two with one name the first counts.
            if !listing.schemas.contains_key(&tool.name) {
                listing.schemas.insert(tool.name.clone(), schemas);
                listing.tools.push(tool);
            }
        }
        listing
    }

    pub(super) fn has(&self, tool: &str) -> bool {
        self.schemas.contains_key(tool)
    }

    /// What of the arguments does not fit the tool.
    pub(super) fn problems(&self, tool: &str, arguments: &Value) -> Option<String> {
        let schema = self.schemas.get(tool)?.input.as_ref()?;
        schema.problems(arguments)
    }

    /// What of a result is not what the tool promises.
    pub(super) fn broken_promise(&self, tool: &str, result: &CallToolResult) -> Option<String> {
        let schema = self.schemas.get(tool)?.output.as_ref()?;
        match &result.structured_content {
            Some(value) => schema.problems(value),
            None => Some("the tool promises a structured result and gives none".to_owned()),
        }
    }
}

fn told(tool: Tool) -> ServerTool {
    ServerTool {
        name: tool.name.into_owned(),
        description: tool.description.map(std::borrow::Cow::into_owned),
        input_schema: Value::Object((*tool.input_schema).clone()),
        output_schema: tool
            .output_schema
            .map(|schema| Value::Object((*schema).clone())),
        annotations: tool
            .annotations
            .and_then(|annotations| serde_json::to_value(annotations).ok()),
    }
}
