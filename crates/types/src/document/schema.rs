//! JSON Schemas of the documents people write, generated from the types.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;
use serde_json::json;

/// The JSON Schema (draft 2020-12) of a document that is read into `T`.
///
/// Unlike what the types alone say, an optional field is left out and never null, and the document
/// may name its schema in `$schema`.
#[must_use]
pub fn document_schema<T: JsonSchema>(title: &str) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(refuse_null))
        .with_transform(RecursiveTransform(drop_number_format));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let reference = json!({"type": "string", "description": "Where editors find this schema."});
        properties.insert("$schema".to_owned(), reference);
    }
    schema.to_value()
}

fn refuse_null(schema: &mut Schema) {
    let is_null = |value: &Value| *value == "null" || *value == json!({"type": "null"});
    for keyword in ["type", "anyOf"] {
        let Some(Value::Array(list)) = schema.get_mut(keyword) else {
            continue;
        };
        list.retain(|value| !is_null(value));
        if list.len() != 1 {
            continue;
        }
        let only = list.remove(0);
        schema.remove(keyword);
        match only {
            Value::Object(members) => {
                for (name, value) in members {
                    // What is said of the field counts more than what is said of its type.
                    if schema.get(&name).is_none() {
                        schema.insert(name, value);
                    }
                }
            }
            only => {
                schema.insert(keyword.to_owned(), only);
            }
        }
    }
    match schema.get_mut("default") {
        Some(Value::Null) => {
            schema.remove("default");
        }
        Some(Value::Object(members)) => members.retain(|_, value| !value.is_null()),
        _ => {}
    }
}

/// `uint64` and the like are Rust's, and validators do not know them.
fn drop_number_format(schema: &mut Schema) {
    let is_number = |kind: &Value| *kind == "integer" || *kind == "number";
    if schema.get("type").is_some_and(is_number) {
        schema.remove("format");
    }
}
