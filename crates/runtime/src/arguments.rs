//! Arguments, checked before any of the skill's code sees them.

use std::collections::HashMap;

use mycelium_config::ShowValues;
use mycelium_config::SkillSchema;
use mycelium_protocol::InvalidValue;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::read_value;
use mycelium_types::CallStyle;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Export;
use mycelium_types::Manifest;
use serde_json::Map;
use serde_json::Value;

/// Violations listed in one error.
const MAX_LISTED: usize = 10;

/// The compiled argument schemas of one skill's functions.
#[derive(Debug)]
pub(crate) struct ArgumentSchemas(HashMap<String, SkillSchema>);

impl ArgumentSchemas {
    /// Compiles the schemas.
    pub(crate) fn new(manifest: &Manifest) -> Result<Self, ErrorReport> {
        let mut schemas = HashMap::new();
        for export in &manifest.exports {
            let Some(schema) = &export.parameters else {
                continue;
            };
            let compiled = SkillSchema::compile(schema).map_err(|reason| {
                ErrorReport::new(ErrorCode::ManifestInvalid)
                    .with("path", &manifest.name)
                    .with(
                        "reason",
                        format!("exports.{}.parameters: {reason}", export.name),
                    )
            })?;
            schemas.insert(export.name.clone(), compiled);
        }
        Ok(Self(schemas))
    }

    /// The arguments in the shape the function takes, checked against its schema.
    pub(crate) fn check(
        &self,
        manifest: &Manifest,
        export: &Export,
        given: &Arguments,
    ) -> Result<Value, ErrorReport> {
        let invalid = |reason: String| {
            ErrorReport::new(ErrorCode::ArgumentsInvalid)
                .with("skill", &manifest.name)
                .with("method", &export.name)
                .with("reason", reason)
        };
        given.check().map_err(|error| invalid(error.to_string()))?;
        let value = match (export.call, given) {
            (CallStyle::Positional, Arguments::Positional(list)) => Value::Array(list.clone()),
            (CallStyle::Named, Arguments::Named(object)) => Value::Object(object.clone()),
            (CallStyle::Named, Arguments::Positional(list)) => {
                Value::Object(name_arguments(list, export).map_err(invalid)?)
            }
            (CallStyle::Positional, Arguments::Named(object)) => {
                Value::Array(order_arguments(object, export).map_err(invalid)?)
            }
        };
        if let Some(schema) = self.0.get(&export.name) {
            // A positional function's schema describes its arguments by name as well.
            let described = match (&value, export.call) {
                (Value::Array(list), CallStyle::Positional) => Value::Object(
                    name_positional(list, export)
                        .map_err(|surplus| invalid(surplus_text(surplus)))?,
                ),
                (value, _) => value.clone(),
            };
            let problems: Vec<String> = schema
                .problems(&described, ShowValues::Yes)
                .into_iter()
                .take(MAX_LISTED)
                .map(|problem| match problem.place.as_str() {
                    "" => problem.reason,
                    place => format!("{place}: {}", problem.reason),
                })
                .collect();
            if !problems.is_empty() {
                return Err(invalid(problems.join("; ")));
            }
        }
        Ok(value)
    }
}

/// `key=value` texts or one object, as the command line gives them to a function of named arguments.
fn name_arguments(list: &[Value], export: &Export) -> Result<Map<String, Value>, String> {
    match list {
        [] => Ok(Map::new()),
        [Value::Object(object)] => Ok(object.clone()),
        list => list
            .iter()
            .map(|value| {
                let text = value.as_str().unwrap_or_default();
                let (name, value) = text.split_once('=').ok_or_else(|| {
                    format!(
                        "{} takes named arguments: give `name=value` pairs or one JSON object, not {value}",
                        export.name
                    )
                })?;
                // As on the command line: what reads as JSON is that, everything else is text.
                let value = match read_value(value) {
                    Ok(value) => value,
                    Err(InvalidValue::Syntax(_)) => Value::String(value.to_owned()),
                    Err(InvalidValue::TooDeep) => {
                        return Err(format!("{name}: {}", InvalidValue::TooDeep));
                    }
                };
                Ok((name.to_owned(), value))
            })
            .collect(),
    }
}

/// The names of a positional function's parameters, in the schema's order.
fn parameter_names(export: &Export) -> Option<Vec<&String>> {
    let properties = export.parameters.as_ref()?.get("properties")?.as_object()?;
    Some(properties.keys().collect())
}

fn name_positional(list: &[Value], export: &Export) -> Result<Map<String, Value>, usize> {
    let names = parameter_names(export).unwrap_or_default();
    if list.len() > names.len() {
        return Err(list.len() - names.len());
    }
    Ok(names
        .into_iter()
        .cloned()
        .zip(list.iter().cloned())
        .collect())
}

fn surplus_text(surplus: usize) -> String {
    format!("{surplus} more arguments than parameters")
}

fn order_arguments(object: &Map<String, Value>, export: &Export) -> Result<Vec<Value>, String> {
    let names = parameter_names(export)
        .ok_or_else(|| "the function takes its arguments in order, not by name".to_owned())?;
    if let Some(unknown) = object.keys().find(|key| !names.contains(key)) {
        return Err(format!("there is no parameter {unknown:?}"));
    }
    let given = names
        .iter()
        .rposition(|name| object.contains_key(*name))
        .map_or(0, |last| last + 1);
    Ok(names[..given]
        .iter()
        .map(|name| object.get(*name).cloned().unwrap_or(Value::Null))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(export: &Value, given: &Value) -> Result<Value, String> {
        let manifest = json!({
            "name": "demo", "version": "1.0.0", "description": "d", "entrypoint": "index.js",
            "exports": [export]
        });
        let manifest = Manifest::read(manifest.to_string().as_bytes(), "skill.json")
            .manifest
            .unwrap();
        let given: Arguments = serde_json::from_value(given.clone()).unwrap();
        ArgumentSchemas::new(&manifest)
            .and_then(|schemas| schemas.check(&manifest, &manifest.exports[0], &given))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn named_arguments_come_as_an_object_or_as_pairs() {
        let export = json!({"name": "add", "parameters": {
            "type": "object", "required": ["a"],
            "properties": {"a": {"type": "number"}, "b": {"type": "string"}}
        }});
        assert_eq!(check(&export, &json!([{"a": 1}])), Ok(json!({"a": 1})));
        assert_eq!(
            check(&export, &json!(["a=1", "b=x y"])),
            Ok(json!({"a": 1, "b": "x y"}))
        );
        assert_eq!(check(&export, &json!({"a": 2.5})), Ok(json!({"a": 2.5})));
        let deep = format!("b={}{}", "[".repeat(101), "]".repeat(101));
        let mut list = json!(1);
        for _ in 0..101 {
            list = json!([list]);
        }
        for bad in [
            json!([]),
            json!({"a": "x"}),
            json!(["x"]),
            json!([1, 2]),
            json!(["a=1", deep]),
            json!({"a": 1, "c": list}),
        ] {
            let error = check(&export, &bad).unwrap_err();
            assert!(error.contains("ARGUMENTS_INVALID"), "{error}");
        }
    }

    #[test]
    fn positional_arguments_are_checked_by_the_names_of_the_schema() {
        let export = json!({"name": "add", "call": "positional", "parameters": {
            "type": "object", "required": ["a"],
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}}
        }});
        assert_eq!(check(&export, &json!([1, 2])), Ok(json!([1, 2])));
        assert_eq!(check(&export, &json!({"b": 2, "a": 1})), Ok(json!([1, 2])));
        for bad in [
            json!([]),
            json!(["x"]),
            json!([1, 2, 3]),
            json!({"c": 1, "a": 1}),
        ] {
            assert!(check(&export, &bad).is_err(), "{bad}");
        }
        assert_eq!(check(&json!("free"), &json!([1, "x"])), Ok(json!([1, "x"])));
        assert!(check(&json!("free"), &json!({"a": 1})).is_err());
    }
}
