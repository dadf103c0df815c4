//! The schemas of a function's arguments and result, as MCP wants them: objects.

use mycelium_runtime::ExportedFunction;
use mycelium_runtime::loader::Parameter;
use mycelium_types::CallStyle;
use rmcp::model::JsonObject;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// The one argument of a function about whose arguments nothing is known.
pub(crate) const LIST: &str = "arguments";
/// The one member of a result that is not an object by itself.
pub(crate) const RESULT: &str = "result";

/// How a function's arguments are given as one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// By name, as the manifest's schema says.
    Named,
    /// By name, put into the order of the source.
    Ordered(Vec<Parameter>),
    /// As a list, the value of [`LIST`].
    List,
}

impl Shape {
    pub(crate) fn of(function: ExportedFunction<'_>) -> Self {
        if function.export.parameters.is_some() || function.export.call == CallStyle::Named {
            return Self::Named;
        }
        match function
            .signature
            .and_then(|known| known.parameters.clone())
        {
            Some(parameters) => Self::Ordered(parameters),
            None => Self::List,
        }
    }

    /// The schema of that object.
    pub(crate) fn schema(&self, function: ExportedFunction<'_>) -> JsonObject {
        match self {
            Self::Named => {
                let schema = function.export.parameters.as_ref();
                let mut schema = schema
                    .and_then(Value::as_object)
                    .cloned()
                    .unwrap_or_default();
                schema.insert("type".to_owned(), "object".into());
                schema
            }
            Self::Ordered(parameters) => {
                let required: Vec<&String> = parameters
                    .iter()
                    .filter(|parameter| !parameter.optional && !parameter.rest)
                    .map(|parameter| &parameter.name)
                    .collect();
                let properties: Map<String, Value> = parameters
                    .iter()
                    .map(|parameter| (parameter.name.clone(), parameter_schema(parameter)))
                    .collect();
                object(json!({
                    "type": "object",
                    "properties": properties,
                    "required": required,
                    "additionalProperties": false,
                }))
            }
            Self::List => object(json!({
                "type": "object",
                "properties": {
                    LIST: {"type": "array", "description": "The arguments, in order."},
                },
                "additionalProperties": false,
            })),
        }
    }
}

/// What a result looks like on the way to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// The result is an object, or it is put into one if it happens to be none.
    WhereNeeded,
    /// The schema is of something else, which is always put into an object.
    Always,
}

impl Wrapping {
    pub(crate) fn of(function: ExportedFunction<'_>) -> Self {
        match &function.export.returns {
            Some(schema) if schema.get("type") != Some(&"object".into()) => Self::Always,
            _ => Self::WhereNeeded,
        }
    }

    pub(crate) fn apply(self, value: Value) -> Value {
        match (self, value) {
            (Self::WhereNeeded, Value::Object(object)) => Value::Object(object),
            (_, value) => json!({ RESULT: value }),
        }
    }
}

/// The schema of a function's result, if the manifest has one that can stand by itself. A schema with
/// references into itself cannot be put into another one.
pub(crate) fn output(function: ExportedFunction<'_>) -> Option<JsonObject> {
    let schema = function.export.returns.as_ref()?;
    match Wrapping::of(function) {
        Wrapping::WhereNeeded => schema.as_object().cloned(),
        Wrapping::Always if refers(schema) => None,
        Wrapping::Always => Some(object(json!({
            "type": "object",
            "properties": { RESULT: schema },
            "required": [RESULT],
        }))),
    }
}

fn parameter_schema(parameter: &Parameter) -> Value {
    let mut schema = Map::new();
    match parameter.rest {
        true => {
            schema.insert("type".to_owned(), "array".into());
        }
        false => {
            if let Some(name) = parameter.type_name.as_deref().and_then(json_type) {
                schema.insert("type".to_owned(), name.into());
            }
        }
    }
    if let Some(description) = &parameter.description {
        schema.insert("description".to_owned(), description.as_str().into());
    }
    Value::Object(schema)
}

/// The JSON type of a type that the source writes, where it is one.
fn json_type(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "string" => Some("string"),
        "number" => Some("number"),
        "integer" => Some("integer"),
        "boolean" | "bool" => Some("boolean"),
        "object" => Some("object"),
        "array" => Some("array"),
        name if name.ends_with("[]") || name.starts_with("array<") => Some("array"),
        _ => None,
    }
}

fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.ends_with("ref") || name.ends_with("Ref") || refers(value)),
        Value::Array(items) => items.iter().any(refers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

pub(crate) fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::default(),
    }
}
