//! The three tools that are always there, however many skills are.

use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::SkillSummary;
use mycelium_runtime::ExportedSkill;
use mycelium_types::Locale;
use mycelium_types::Message;
use rmcp::model::JsonObject;
use rmcp::model::Tool;
use rmcp::model::ToolAnnotations;
use serde_json::Value;
use serde_json::json;

use crate::catalogue::description;
use crate::schema;
use crate::schema::Shape;
use crate::schema::object;

/// Their names.
pub(crate) const NAMES: [&str; 3] = [SEARCH, DESCRIBE, RUN];
pub(crate) const SEARCH: &str = "skill_search";
pub(crate) const DESCRIBE: &str = "skill_describe";
pub(crate) const RUN: &str = "skill_run";

/// The most skills a search gives.
pub(crate) const MAX_HITS: usize = 50;
/// The skills it gives where nobody says how many.
pub(crate) const USUAL_HITS: usize = 10;

/// The tools, in this order.
pub(crate) fn tools() -> [Tool; 3] {
    let text = |key: &str| Message::new(key).render(Locale::default());
    let schema = |properties: Value, required: &[&str]| -> JsonObject {
        object(json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }))
    };
    [
        Tool::new(
            SEARCH,
            text("mcp-search"),
            schema(
                json!({
                    "query": {"type": "string", "description": text("mcp-search-query")},
                    "limit": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": MAX_HITS,
                        "default": USUAL_HITS,
                        "description": text("mcp-search-limit"),
                    },
                }),
                &["query"],
            ),
        )
        .with_annotations(ToolAnnotations::new().read_only(true).open_world(false)),
        Tool::new(
            DESCRIBE,
            text("mcp-describe"),
            schema(
                json!({"skill": {"type": "string", "description": text("mcp-describe-skill")}}),
                &["skill"],
            ),
        )
        .with_annotations(ToolAnnotations::new().read_only(true).open_world(false)),
        Tool::new(
            RUN,
            text("mcp-run"),
            schema(
                json!({
                    "skill": {"type": "string", "description": text("mcp-run-skill")},
                    "method": {"type": "string", "description": text("mcp-run-method")},
                    "arguments": {"type": "object", "description": text("mcp-run-arguments")},
                }),
                &["skill", "method"],
            ),
        ),
    ]
}

/// What a search found.
pub(crate) fn found(skills: &[SkillSummary]) -> Value {
    let skills: Vec<_> = skills
        .iter()
        .map(|skill| {
            json!({
                "name": skill.id.name,
                "version": skill.id.version,
                "description": skill.description,
                "tags": skill.tags,
                "deprecated": skill.deprecated.as_ref().map(|note| &note.message),
                "offered_by": skill.offered_by,
            })
        })
        .collect();
    json!({ "skills": skills })
}

/// A skill with its functions as tools would have them.
pub(crate) fn described(skill: &ExportedSkill, info: &SkillInfo) -> Value {
    let functions: Vec<_> = skill
        .functions()
        .map(|function| {
            json!({
                "method": function.export.name,
                "description": description(skill, function),
                "arguments": Shape::of(function).schema(function),
                "result": schema::output(function),
                "read_only": function.export.read_only,
                "destructive": function.export.destructive,
            })
        })
        .collect();
    let permissions: Vec<_> = info
        .permissions
        .iter()
        .map(|asked| json!({"permission": asked.permission, "granted": asked.granted}))
        .collect();
    let manifest = skill.manifest();
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "deprecated": manifest.deprecated.as_ref().map(|note| &note.message),
        "offered_by": info.summary.offered_by,
        "functions": functions,
        "permissions": permissions,
    })
}
