//! What the reader and the published schema take and refuse, and that they agree.

use mycelium_types::CallStyle;
use mycelium_types::DependencyKind;
use mycelium_types::Manifest;
use mycelium_types::Severity;
use mycelium_types::manifest_schema;
use serde_json::Value;
use serde_json::json;

/// A manifest with the required fields, and `changes` on top.
fn manifest(changes: Value) -> Value {
    let mut manifest = json!({
        "name": "hello", "version": "1.0.0", "description": "Says hello.",
        "entrypoint": "index.js", "exports": ["greet"]
    });
    let Value::Object(changes) = changes else {
        return changes;
    };
    for (name, value) in changes {
        manifest[name] = value;
    }
    manifest
}

fn permission(permission: Value) -> Value {
    manifest(json!({ "permissions": [permission] }))
}

/// Manifests that are valid, with the fields that get a warning.
fn valid() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (manifest(json!({})), &[]),
        (manifest(json!({"$schema": "./skill.schema.json"})), &[]),
        (manifest(json!({"version": "1.0.0-rc.1+build.5"})), &[]),
        (manifest(json!({"description": "Two\nlines."})), &[]),
        (
            manifest(json!({"entrypoint": "./src/..hidden/a b.mjs"})),
            &[],
        ),
        (manifest(json!({"exports": []})), &["exports"]),
        (manifest(json!({"exports": ["onInit"]})), &["exports[0]"]),
        (
            manifest(json!({"exports": ["größe", "$x", "list-files"]})),
            &[],
        ),
        (
            manifest(json!({"exports": [{"name": "a", "readOnly": true, "destructive": true}]})),
            &["exports[0].destructive"],
        ),
        (
            manifest(
                json!({"exports": ["a", {"name": "b", "description": "B.", "parameters": {"type": "object"}, "returns": {"type": "string"}, "call": "positional"}]}),
            ),
            &[],
        ),
        (manifest(json!({"author": "Ann <a@b.c> (https://x)"})), &[]),
        (
            manifest(json!({"author": {"name": "Ann", "url": "x"}})),
            &[],
        ),
        (
            manifest(json!({"author": {"name": "Ann", "mail": "x"}})),
            &["author.mail"],
        ),
        (
            manifest(json!({"dependencies": {"@scope/a": "1.x || >=2", "b": ""}})),
            &[],
        ),
        (
            manifest(json!({"dependencies": [
                {"name": "a", "version": "^1", "type": "npm"},
                {"name": "a", "version": ">=2,<3", "type": "pip", "source": "wheels/", "optional": true},
                {"name": "lint", "version": "*", "type": "skill"},
                {"name": "g++", "version": ">=12", "type": "binary"}
            ]})),
            &[],
        ),
        (
            permission(
                json!({"type": "filesystem", "paths": ["./output", "~/x"], "access": "read"}),
            ),
            &[],
        ),
        (
            permission(
                json!({"type": "network", "hosts": ["api.example.com:443", "*.example.org", "[::1]:80", "localhost"], "methods": ["GET", "M-SEARCH"]}),
            ),
            &[],
        ),
        (
            permission(json!({"type": "process", "commands": ["git"]})),
            &[],
        ),
        (
            permission(json!({"type": "environment", "variables": ["LANG", "_x1"]})),
            &[],
        ),
        (
            permission(json!({"type": "mcp", "servers": ["time"], "tools": ["*"]})),
            &[],
        ),
        (
            permission(json!({"type": "skill", "skills": ["lint@^1", "format"]})),
            &[],
        ),
        (permission(json!({"type": "git", "access": "write"})), &[]),
        (
            permission(json!({"type": "git", "access": "read", "reason": "é".repeat(240)})),
            &[],
        ),
        (
            permission(json!({"type": "secret", "names": ["GITHUB_TOKEN"]})),
            &[],
        ),
        (
            permission(json!({"type": "context", "fields": ["conversation"]})),
            &[],
        ),
        (
            permission(json!({"type": "git", "access": "read", "paths": ["."]})),
            &["permissions[0].paths"],
        ),
        (
            manifest(
                json!({"tags": ["a", "b"], "category": "c", "keywords": [], "license": "MIT OR Apache-2.0", "homepage": "https://example.org/a?b#c"}),
            ),
            &[],
        ),
        (
            manifest(json!({"engine": "native", "protocol": "argv", "instance": "workspace"})),
            &[],
        ),
        (
            manifest(
                json!({"compatibility": {"mycelium": ">=0.1 <2", "node": "18 || 20", "python": ">=3.9", "os": ["linux", "macos"], "arch": ["x86_64"]}}),
            ),
            &[],
        ),
        (
            manifest(json!({"compatibility": {"os": ["win32"]}})),
            &["compatibility.os[0]"],
        ),
        (
            manifest(json!({"variants": [{"os": ["windows"], "entrypoint": "win.js"}]})),
            &[],
        ),
        (
            manifest(json!({"variants": [{"entrypoint": "x.js"}]})),
            &["variants[0].entrypoint"],
        ),
        (
            manifest(
                json!({"config": {"properties": {"token": {"type": "string", "secret": true}}}}),
            ),
            &[],
        ),
        (
            manifest(
                json!({"limits": {"memoryMB": 16, "cpuSeconds": 30.0, "processes": 0, "bandwidthKBps": 1}}),
            ),
            &[],
        ),
        (
            manifest(json!({"limits": {"memory": 16}})),
            &["limits.memory"],
        ),
        (manifest(json!({"hooks": ["onInit", "onUnload"]})), &[]),
        (
            manifest(
                json!({"deprecated": {"message": "Old.", "replacement": "new", "since": "1.0.0"}}),
            ),
            &[],
        ),
        (
            manifest(json!({"descriptions": {"de": "Sagt hallo.", "zh-Hant-TW": "…"}})),
            &[],
        ),
        (manifest(json!({"idempotent": true})), &[]),
        (
            manifest(json!({"licence": "MIT", "x y": 1})),
            &["licence", "[\"x y\"]"],
        ),
    ]
}

/// Manifests that are not, with the fields that get an error; the schema refuses them too.
fn invalid() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (json!([]), &[""]),
        (json!("x"), &[""]),
        (
            json!({}),
            &["name", "version", "description", "entrypoint", "exports"],
        ),
        (
            manifest(json!({"name": "../etc", "version": "latest"})),
            &["name", "version"],
        ),
        (manifest(json!({"name": "Hello"})), &["name"]),
        (manifest(json!({"name": "-a"})), &["name"]),
        (manifest(json!({"name": "a".repeat(65)})), &["name"]),
        (manifest(json!({"name": ""})), &["name"]),
        (manifest(json!({"name": null})), &["name"]),
        (manifest(json!({"version": "1.0"})), &["version"]),
        (manifest(json!({"version": "v1.0.0"})), &["version"]),
        (manifest(json!({"version": "01.0.0"})), &["version"]),
        (manifest(json!({"version": 1})), &["version"]),
        (manifest(json!({"description": "  "})), &["description"]),
        (
            manifest(json!({"description": "\u{1b}[31m"})),
            &["description"],
        ),
        (
            manifest(json!({"entrypoint": "/etc/passwd"})),
            &["entrypoint"],
        ),
        (manifest(json!({"entrypoint": "../x.js"})), &["entrypoint"]),
        (
            manifest(json!({"entrypoint": "a/../../x.js"})),
            &["entrypoint"],
        ),
        (manifest(json!({"entrypoint": "C:/x.js"})), &["entrypoint"]),
        (manifest(json!({"entrypoint": "a\\b.js"})), &["entrypoint"]),
        (manifest(json!({"entrypoint": "dist/"})), &["entrypoint"]),
        (manifest(json!({"entrypoint": "."})), &["entrypoint"]),
        (manifest(json!({"entrypoint": ""})), &["entrypoint"]),
        (manifest(json!({"exports": "greet"})), &["exports"]),
        (
            manifest(json!({"exports": ["a b", "a.b", 5, {}]})),
            &["exports[0]", "exports[1]", "exports[2]", "exports[3].name"],
        ),
        (
            manifest(
                json!({"exports": [{"name": "a", "parameters": [], "call": "Named", "readOnly": "yes"}]}),
            ),
            &[
                "exports[0].parameters",
                "exports[0].call",
                "exports[0].readOnly",
            ],
        ),
        (manifest(json!({"author": null})), &["author"]),
        (manifest(json!({"author": "<a@b.c>"})), &["author"]),
        (
            manifest(json!({"author": {"email": "a@b.c"}})),
            &["author.name"],
        ),
        (manifest(json!({"author": ["Ann"]})), &["author"]),
        (
            manifest(json!({"dependencies": "lodash"})),
            &["dependencies"],
        ),
        (
            manifest(json!({"dependencies": {"../x": "^1", "y": 1}})),
            &["dependencies[\"../x\"]", "dependencies.y"],
        ),
        (
            manifest(
                json!({"dependencies": [{"name": "a", "version": "^1"}, {"version": "1", "type": "gem"}]}),
            ),
            &[
                "dependencies[0].type",
                "dependencies[1].name",
                "dependencies[1].type",
            ],
        ),
        (manifest(json!({"permissions": {}})), &["permissions"]),
        (
            permission(json!({"paths": ["x"]})),
            &["permissions[0].type"],
        ),
        (
            permission(json!({"type": "filesytem"})),
            &["permissions[0].type"],
        ),
        (
            permission(json!({"type": "filesystem", "paths": []})),
            &["permissions[0].access", "permissions[0].paths"],
        ),
        (
            permission(json!({"type": "filesystem", "paths": [""], "access": "rw"})),
            &["permissions[0].paths[0]", "permissions[0].access"],
        ),
        (
            permission(
                json!({"type": "network", "hosts": ["https://x", "x/y", "a..b", "*", "x:port"], "methods": ["get"]}),
            ),
            &[
                "permissions[0].hosts[0]",
                "permissions[0].hosts[1]",
                "permissions[0].hosts[2]",
                "permissions[0].hosts[3]",
                "permissions[0].hosts[4]",
                "permissions[0].methods[0]",
            ],
        ),
        (
            permission(json!({"type": "environment", "variables": ["A=B", "1A"]})),
            &["permissions[0].variables[0]", "permissions[0].variables[1]"],
        ),
        (
            permission(json!({"type": "skill", "skills": ["Lint", "lint@"]})),
            &["permissions[0].skills[0]", "permissions[0].skills[1]"],
        ),
        (
            permission(json!({"type": "git", "access": true})),
            &["permissions[0].access"],
        ),
        (
            permission(json!({"type": "git", "access": "read", "reason": " "})),
            &["permissions[0].reason"],
        ),
        (
            permission(json!({"type": "git", "access": "read", "reason": "x".repeat(241)})),
            &["permissions[0].reason"],
        ),
        (
            permission(json!({"type": "git", "access": "read", "reason": "a\u{1b}[2J"})),
            &["permissions[0].reason"],
        ),
        (
            permission(json!({"type": "git", "access": "read", "reason": "a\n  - b"})),
            &["permissions[0].reason"],
        ),
        (manifest(json!({"tags": "a"})), &["tags"]),
        (manifest(json!({"tags": [1, " "]})), &["tags[0]", "tags[1]"]),
        (manifest(json!({"homepage": "example.org"})), &["homepage"]),
        (
            manifest(json!({"engine": "deno", "instance": "global", "protocol": "http"})),
            &["engine", "instance", "protocol"],
        ),
        (
            manifest(json!({"compatibility": {"node": 18, "os": "linux"}})),
            &["compatibility.node", "compatibility.os"],
        ),
        (
            manifest(json!({"variants": [{"os": ["linux"]}, {"entrypoint": "../x"}]})),
            &["variants[0].entrypoint", "variants[1].entrypoint"],
        ),
        (manifest(json!({"config": true})), &["config"]),
        (
            manifest(
                json!({"limits": {"memoryMB": 15, "cpuSeconds": 0, "wallSeconds": 86_401, "processes": -1, "tmpMB": "64", "outputMB": 1.5}}),
            ),
            &[
                "limits.memoryMB",
                "limits.cpuSeconds",
                "limits.wallSeconds",
                "limits.processes",
                "limits.tmpMB",
                "limits.outputMB",
            ],
        ),
        (manifest(json!({"hooks": ["onStart"]})), &["hooks[0]"]),
        (manifest(json!({"deprecated": true})), &["deprecated"]),
        (
            manifest(json!({"deprecated": {"since": "soon"}})),
            &["deprecated.message", "deprecated.since"],
        ),
        (
            manifest(json!({"descriptions": {"deutsch!": "Hallo."}})),
            &["descriptions[\"deutsch!\"]"],
        ),
        (manifest(json!({"idempotent": 1})), &["idempotent"]),
    ]
}

/// Manifests that only the reader refuses: what a schema cannot say.
fn refused_by_the_reader_alone() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (
            manifest(json!({"exports": ["a", {"name": "a"}]})),
            &["exports[1]"],
        ),
        (
            manifest(json!({"exports": [{"name": "a", "parameters": {"type": "array"}}]})),
            &["exports[0].parameters"],
        ),
        (
            manifest(json!({"dependencies": {"lodash": "latest"}})),
            &["dependencies.lodash"],
        ),
        (
            manifest(json!({"dependencies": [
                {"name": "a", "version": "1", "type": "npm"},
                {"name": "a", "version": "2", "type": "npm"},
                {"name": "a", "version": "^1", "type": "pip"},
                {"name": "A", "version": "1", "type": "skill"}
            ]})),
            &[
                "dependencies[1]",
                "dependencies[2].version",
                "dependencies[3].name",
            ],
        ),
        (
            manifest(json!({"compatibility": {"mycelium": "newest"}})),
            &["compatibility.mycelium"],
        ),
        (
            permission(json!({"type": "network", "hosts": ["x:65536", "[1:2]"]})),
            &["permissions[0].hosts[0]", "permissions[0].hosts[1]"],
        ),
        (
            permission(json!({"type": "skill", "skills": ["lint@newest"]})),
            &["permissions[0].skills[0]"],
        ),
        (
            manifest(json!({"engine": "node", "protocol": "argv"})),
            &["protocol"],
        ),
        (
            manifest(json!({"version": "99999999999999999999.0.0"})),
            &["version"],
        ),
    ]
}

/// The fields with remarks of `severity`, in the order of the text.
fn fields(value: &Value, severity: Severity) -> Vec<String> {
    let reading = Manifest::read(value.to_string().as_bytes(), "skill.json");
    let has_errors = reading
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(reading.manifest.is_none(), has_errors, "{value}");
    reading
        .diagnostics
        .into_iter()
        .filter(|diagnostic| diagnostic.severity == severity)
        .map(|diagnostic| diagnostic.field)
        .collect()
}

#[test]
fn reader_and_schema_agree() {
    let schema = jsonschema::validator_for(&manifest_schema()).unwrap();
    for (value, warnings) in valid() {
        assert_eq!(fields(&value, Severity::Error), [""; 0], "{value}");
        assert_eq!(fields(&value, Severity::Warning), warnings, "{value}");
        let problem = schema.validate(&value).err().map(|e| e.to_string());
        assert_eq!(problem, None, "{value}");
    }
    for (value, errors) in invalid() {
        assert_eq!(fields(&value, Severity::Error), errors, "{value}");
        assert!(!schema.is_valid(&value), "{value}");
    }
    for (value, errors) in refused_by_the_reader_alone() {
        assert_eq!(fields(&value, Severity::Error), errors, "{value}");
        assert!(
            schema.is_valid(&value),
            "the schema can say this after all: {value}"
        );
    }
}

#[test]
fn the_schema_is_a_schema() {
    let schema = manifest_schema();
    jsonschema::meta::validate(&schema).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(schema.get("$id"), None);
    for (name, property) in schema["properties"].as_object().unwrap() {
        assert!(property["description"].is_string(), "{name}");
    }
}

#[test]
fn short_and_long_forms_come_to_the_same() {
    let short = manifest(json!({
        "author": "Ann <a@b.c>",
        "dependencies": {"lodash": "^4"},
        "exports": ["greet"]
    }));
    let long = manifest(json!({
        "author": {"name": "Ann", "email": "a@b.c"},
        "dependencies": [{"name": "lodash", "version": "^4", "type": "npm", "optional": false}],
        "exports": [{"name": "greet"}]
    }));
    let read = |value: &Value| {
        let reading = Manifest::read(value.to_string().as_bytes(), "skill.json");
        reading.manifest.unwrap()
    };
    assert_eq!(read(&short), read(&long));
    assert_eq!(read(&short).dependencies[0].kind, DependencyKind::Npm);
}

#[test]
fn parameters_make_a_call_named_unless_it_says_otherwise() {
    for (export, expected) in [
        (json!("a"), CallStyle::Positional),
        (json!({"name": "a"}), CallStyle::Positional),
        (json!({"name": "a", "parameters": {}}), CallStyle::Named),
        (
            json!({"name": "a", "parameters": {}, "call": "positional"}),
            CallStyle::Positional,
        ),
        (json!({"name": "a", "call": "named"}), CallStyle::Named),
    ] {
        let value = manifest(json!({"exports": [export]}));
        let reading = Manifest::read(value.to_string().as_bytes(), "skill.json");
        assert_eq!(
            reading.manifest.unwrap().exports[0].call,
            expected,
            "{value}"
        );
    }
}
