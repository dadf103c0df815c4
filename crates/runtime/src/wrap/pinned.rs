//! From what a server says of itself to a manifest. All of it may be lies: it is bounded, cleaned, and pinned.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use mycelium_config::SkillSchema;
use mycelium_protocol::worker::Described;
use mycelium_types::INTERPRETER_MEMORY_MB;
use mycelium_types::Locale;
use mycelium_types::Manifest;
use mycelium_types::Message;
use mycelium_types::Permission;
use mycelium_types::ServerOffer;
use mycelium_types::SkillName;
use mycelium_types::Version;
use mycelium_types::WrappedServer;
use mycelium_types::is_unprintable;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// How many files a server may have open: language runtimes open all modules of a program at once.
const OPEN_FILES: u64 = 512;
/// The longest name of a function, in characters.
const MAX_NAME: usize = 128;
/// The longest description of a tool, in characters.
const MAX_DESCRIPTION: usize = 4096;
/// The longest description of a server, in characters.
const MAX_SUMMARY: usize = 240;

/// What a manifest was made of a server's tools.
pub(super) struct Pinned {
    /// The content of `skill.json`.
    pub(super) manifest: Value,
    /// The tools that are called otherwise, by their functions.
    pub(super) renamed: BTreeMap<String, String>,
    /// What is no tool, by the functions that stand for it.
    pub(super) offers: BTreeMap<String, ServerOffer>,
    /// Tools that were left out, and why.
    pub(super) left_out: Vec<Message>,
}

/// The manifest of a server that has not said anything yet.
pub(super) fn unknown(name: &SkillName, permissions: &[Permission]) -> Value {
    manifest(name, "0.0.0", "A server of MCP", permissions, Vec::new())
}

/// The manifest of a server that offers these tools.
pub(super) fn pin(name: &SkillName, permissions: &[Permission], described: &Described) -> Pinned {
    let mut renamed = BTreeMap::new();
    let mut left_out = Vec::new();
    let mut names = BTreeSet::new();
    let mut exports = Vec::new();
    for tool in &described.tools {
        let called = tool["name"].as_str().unwrap_or_default();
        let shown: String = called.chars().take(MAX_NAME).collect();
        let without = |key: &str| Message::new(key).with("tool", mycelium_types::printable(&shown));
        let Some(function) = function(called, &names) else {
            left_out.push(without("wrap-tool-without-name"));
            continue;
        };
        let Some(parameters) = parameters(&tool["inputSchema"]) else {
            left_out.push(without("wrap-tool-without-schema"));
            continue;
        };
        names.insert(function.clone());
        if function != called {
            renamed.insert(function.clone(), called.to_owned());
        }
        exports.push(export(function, tool, parameters));
    }
    let mut offers = BTreeMap::new();
    for offer in offered(described) {
        let tool = as_tool(offer);
        let called = tool["name"].as_str().unwrap_or_default();
        if let Some(function) = function(called, &names) {
            names.insert(function.clone());
            offers.insert(function.clone(), offer);
            exports.push(export(function, &tool, tool["inputSchema"].clone()));
        }
    }
    let version = described.version.as_deref().unwrap_or_default();
    let version = version.parse::<Version>();
    let version = version.map_or_else(|_| "0.0.0".to_owned(), |version| version.to_string());
    Pinned {
        manifest: manifest(
            name,
            &version,
            &summary(name, described),
            permissions,
            exports,
        ),
        renamed,
        offers,
        left_out,
    }
}

/// What of it a server says that it has.
fn offered(described: &Described) -> impl Iterator<Item = ServerOffer> {
    let resources = [
        ServerOffer::ListResources,
        ServerOffer::ListResourceTemplates,
        ServerOffer::ReadResource,
    ];
    let prompts = [ServerOffer::ListPrompts, ServerOffer::GetPrompt];
    let resources = resources.into_iter().filter(|_| described.resources);
    resources.chain(prompts.into_iter().filter(|_| described.prompts))
}

/// What is no tool, as the server would describe it if it were one.
fn as_tool(offer: ServerOffer) -> Value {
    let (name, words) = match offer {
        ServerOffer::ListResources => ("list_resources", "wrap-list-resources"),
        ServerOffer::ListResourceTemplates => {
            ("list_resource_templates", "wrap-list-resource-templates")
        }
        ServerOffer::ReadResource => ("read_resource", "wrap-read-resource"),
        ServerOffer::ListPrompts => ("list_prompts", "wrap-list-prompts"),
        ServerOffer::GetPrompt => ("get_prompt", "wrap-get-prompt"),
    };
    let (properties, required) = match offer {
        ServerOffer::ListResources
        | ServerOffer::ListResourceTemplates
        | ServerOffer::ListPrompts => (json!({"cursor": {"type": "string"}}), json!([])),
        ServerOffer::ReadResource => (json!({"uri": {"type": "string"}}), json!(["uri"])),
        ServerOffer::GetPrompt => {
            let arguments = json!({"type": "object", "additionalProperties": {"type": "string"}});
            (
                json!({"name": {"type": "string"}, "arguments": arguments}),
                json!(["name"]),
            )
        }
    };
    json!({
        "name": name,
        "description": Message::new(words).render(Locale::default()),
        "inputSchema": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        },
    })
}

fn manifest(
    name: &SkillName,
    version: &str,
    description: &str,
    permissions: &[Permission],
    exports: Vec<Value>,
) -> Value {
    json!({
        "name": name,
        "version": version,
        "description": description,
        "entrypoint": WrappedServer::FILE,
        "engine": "native",
        // Whoever asks for it in a workspace shares it.
        "instance": "workspace",
        "tags": ["mcp"],
        "limits": { "openFiles": OPEN_FILES, "memoryMB": INTERPRETER_MEMORY_MB },
        "permissions": permissions,
        "exports": exports,
    })
}

/// The function for a tool: its name as far as a function can have it, and that nobody else has.
fn function(called: &str, names: &BTreeSet<String>) -> Option<String> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let plain: String = called
        .chars()
        .take(MAX_NAME)
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    if plain.is_empty() {
        return None;
    }
    let numbered = (2..=names.len() + 2).map(|number| {
        let mark = format!("-{number}");
        let start: String = plain.chars().take(MAX_NAME - mark.len()).collect();
        start + &mark
    });
    std::iter::once(plain.clone())
        .chain(numbered)
        .find(|name| !names.contains(name))
}

/// The schema of a tool's arguments. One that could do harm, or is none, is replaced by one that says nothing: the server
/// checks its arguments itself. Arguments that are no object have no place in a call.
fn parameters(schema: &Value) -> Option<Value> {
    let kind = schema.get("type");
    if kind.is_some_and(|kind| kind != "object") {
        return None;
    }
    let mut schema = match schema {
        Value::Object(_) if SkillSchema::compile(schema).is_ok() => schema.clone(),
        _ => json!({}),
    };
    schema["type"] = json!("object");
    Some(schema)
}

fn export(function: String, tool: &Value, parameters: Value) -> Value {
    let mut export = Map::new();
    export.insert("name".to_owned(), function.into());
    let title = tool["title"].as_str();
    let words = tool["description"].as_str().or(title).unwrap_or_default();
    let description = prose(words, MAX_DESCRIPTION);
    if !description.is_empty() {
        export.insert("description".to_owned(), description.into());
    }
    export.insert("parameters".to_owned(), parameters);
    let returns = &tool["outputSchema"];
    if returns.is_object() && SkillSchema::compile(returns).is_ok() {
        export.insert("returns".to_owned(), returns.clone());
    }
    let hints = &tool["annotations"];
    let reads = hints["readOnlyHint"] == true;
    export.insert("readOnly".to_owned(), reads.into());
    export.insert(
        "destructive".to_owned(),
        (!reads && hints["destructiveHint"] == true).into(),
    );
    Value::Object(export)
}

/// What the skill is for, in the words of the server if it has some.
fn summary(name: &SkillName, described: &Described) -> String {
    let instructions = described.instructions.as_deref().unwrap_or_default();
    let says = prose(instructions, usize::MAX);
    if let Some(line) = says.lines().map(str::trim).find(|line| !line.is_empty()) {
        return line.chars().take(MAX_SUMMARY).collect();
    }
    let title = prose(described.title.as_deref().unwrap_or_default(), 80);
    let version = prose(described.version.as_deref().unwrap_or_default(), 40);
    Message::new("wrap-description")
        .with(
            "title",
            if title.is_empty() {
                name.to_string()
            } else {
                title
            },
        )
        .with("version", version)
        .render(Locale::default())
        .trim()
        .to_owned()
}

/// Text that a manifest can have, of at most so many characters.
fn prose(text: &str, most: usize) -> String {
    let shown = text
        .chars()
        .filter(|c| !is_unprintable(*c) || matches!(c, '\n' | '\t'));
    let text: String = shown.take(most).collect();
    text.trim().to_owned()
}

/// How the functions of a manifest differ from those of another one: what is new, and what is gone.
pub(super) fn difference(before: &Manifest, after: &Manifest) -> (Vec<String>, Vec<String>) {
    let missing = |of: &Manifest, from: &Manifest| -> Vec<String> {
        let names = of.exports.iter().map(|export| export.name.clone());
        names.filter(|name| from.export(name).is_none()).collect()
    };
    (missing(after, before), missing(before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(tools: Value) -> (Manifest, Pinned) {
        let described = Described {
            protocol: "2025-11-25".to_owned(),
            title: Some("Some \u{1b}[2J server".to_owned()),
            version: Some("latest".to_owned()),
            instructions: Some("\n  Use it well.\nAlways.".to_owned()),
            tools: tools.as_array().unwrap().clone(),
            resources: false,
            prompts: false,
        };
        pinned_as(&described)
    }

    fn pinned_as(described: &Described) -> (Manifest, Pinned) {
        let permissions = [Permission::Process {
            commands: vec!["git".to_owned()],
        }];
        let pinned = pin(&"demo".parse().unwrap(), &permissions, described);
        let reading = Manifest::read(pinned.manifest.to_string().as_bytes(), "skill.json");
        let (manifest, remarks) = reading.into_result("demo").unwrap();
        assert_eq!(remarks, []);
        (manifest, pinned)
    }

    #[test]
    fn tools_become_functions() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "number"}}});
        let (manifest, pinned) = pinned(json!([
            {"name": "add", "description": "Adds.", "inputSchema": schema, "outputSchema": {"type": "object"},
             "annotations": {"readOnlyHint": true, "destructiveHint": true}},
            {"name": "rm", "title": "Removes", "inputSchema": {"type": "object"},
             "annotations": {"destructiveHint": true}},
        ]));
        assert_eq!(manifest.version.to_string(), "0.0.0");
        assert_eq!(manifest.description, "Use it well.");
        let add = manifest.export("add").unwrap();
        assert_eq!(add.parameters, Some(schema));
        assert!(add.returns.is_some() && add.read_only && !add.destructive);
        let rm = manifest.export("rm").unwrap();
        assert_eq!(rm.description.as_deref(), Some("Removes"));
        assert!(rm.destructive && !rm.read_only);
        assert!(pinned.renamed.is_empty() && pinned.left_out.is_empty());
    }

    #[test]
    fn what_no_manifest_can_have_is_changed_or_left_out() {
        let (manifest, pinned) = pinned(json!([
            {"name": "a/b.c"},
            {"name": "a_b_c", "description": "\u{202e}\u{7}"},
            {"name": ""},
            {"description": "no name"},
            {"name": "list", "inputSchema": {"type": "array"}},
            {"name": "bomb", "inputSchema": {"pattern": "((a{1000}){1000}){1000}"}, "outputSchema": 7},
            {"name": "x".repeat(500)},
            7,
        ]));
        let names: Vec<_> = manifest
            .exports
            .iter()
            .map(|export| export.name.as_str())
            .collect();
        let long = "x".repeat(MAX_NAME);
        assert_eq!(names, ["a_b_c", "a_b_c-2", "bomb", &long]);
        assert_eq!(pinned.renamed["a_b_c"], "a/b.c");
        assert_eq!(pinned.renamed["a_b_c-2"], "a_b_c");
        assert_eq!(pinned.renamed[&long], "x".repeat(500));
        assert_eq!(pinned.left_out.len(), 4);
        let bomb = manifest.export("bomb").unwrap();
        assert_eq!(bomb.parameters, Some(json!({"type": "object"})));
        assert_eq!(bomb.returns, None);
    }

    #[test]
    fn what_is_no_tool_becomes_a_function_beside_them() {
        let (manifest, pinned) = pinned_as(&Described {
            protocol: "2025-11-25".to_owned(),
            title: None,
            version: None,
            instructions: None,
            tools: vec![json!({"name": "read_resource"})],
            resources: true,
            prompts: false,
        });
        let names: Vec<_> = manifest
            .exports
            .iter()
            .map(|export| &*export.name)
            .collect();
        let expected = [
            "read_resource",
            "list_resources",
            "list_resource_templates",
            "read_resource-2",
        ];
        assert_eq!(names, expected);
        assert_eq!(pinned.offers.len(), 3);
        assert_eq!(pinned.offers["read_resource-2"], ServerOffer::ReadResource);
        // Whether it changes nothing is not for us to say.
        assert!(!manifest.export("list_resources").unwrap().read_only);
    }

    #[test]
    fn changes_are_told() {
        let (before, _) = pinned(json!([{"name": "a"}, {"name": "b"}]));
        let (after, _) = pinned(json!([{"name": "b"}, {"name": "c"}]));
        let (new, gone) = difference(&before, &after);
        assert_eq!((new, gone), (vec!["c".to_owned()], vec!["a".to_owned()]));
    }
}
