//! The JSON Schema of `skill.json`, generated from the manifest's types.
//!
//! The schema and the reader take the same manifests, but for what a schema cannot say: repeated
//! names of members, exports and dependencies, the grammar of version ranges, each registry's own
//! rule for names, ports above 65535, the groups of an IPv6 address, parameters that are not an
//! object's schema, and `argv` for an engine other than `native`. There the schema takes more.

use schemars::JsonSchema as _;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde_json::Value;
use serde_json::json;

use crate::Author;
use crate::Dependency;
use crate::Export;
use crate::Manifest;
use crate::document_schema;
use crate::manifest::text;

/// The JSON Schema (draft 2020-12) of `skill.json`, with all accepted forms of each field.
#[must_use]
pub fn manifest_schema() -> Value {
    document_schema::<Manifest>("skill.json")
}

pub(super) fn author(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {
                "type": "string",
                "description": "Name <mail> (page); the last two may be left out.",
                "pattern": text::AUTHOR
            },
            generator.subschema_for::<Author>()
        ]
    })
}

pub(super) fn exports(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {
            "anyOf": [
                {
                    "type": "string",
                    "description": "The function's name in the module.",
                    "pattern": text::FUNCTION
                },
                generator.subschema_for::<Export>()
            ]
        }
    })
}

pub(super) fn dependencies(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            {
                "type": "object",
                "description": "Ranges of npm packages by name.",
                "propertyNames": { "pattern": text::PACKAGE },
                "additionalProperties": { "type": "string" }
            },
            {
                "type": "array",
                "items": generator.subschema_for::<Dependency>()
            }
        ]
    })
}

pub(super) fn file(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": text::FILE })
}

pub(super) fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

pub(super) fn descriptions(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = std::collections::BTreeMap::<String, String>::json_schema(generator);
    schema.insert(
        "propertyNames".to_owned(),
        json!({ "pattern": text::LOCALE }),
    );
    schema.insert(
        "additionalProperties".to_owned(),
        json!({ "type": "string", "pattern": text::PROSE }),
    );
    schema
}
