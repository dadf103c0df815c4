//! What people see when a manifest is wrong.

use mycelium_types::ErrorCode;
use mycelium_types::Locale;
use mycelium_types::Manifest;
use mycelium_types::Severity;

#[test]
fn all_problems_are_told_in_one_run_with_place_field_snippet_and_help() {
    let text = r#"{
  "name": "hello",
  "version": "latest",
  "description": "Says hello",
  "entrypoint": "../index.js",
  "exports": ["greet"],
  "permissions": [{"type": "filesytem"}],
  "licence": "MIT"
}"#;
    let reading = Manifest::read(text.as_bytes(), "skills/hello/skill.json");
    assert_eq!(reading.manifest, None);
    let rendered: Vec<_> = reading
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(Locale::EnUs))
        .collect();
    assert_eq!(
        rendered.join("\n"),
        r#"skills/hello/skill.json:3:14: error: `version` is not a version: latest
  3 |   "version": "latest",
    |              ^
  help: Write the version this file belongs to, such as 1.0.0; "latest" names another one every day.
skills/hello/skill.json:5:17: error: `entrypoint` does not name a file in the skill's folder: ../index.js
  5 |   "entrypoint": "../index.js",
    |                 ^
  help: Write a path relative to the folder of skill.json, with / between its parts and without `..`, such as src/index.js.
skills/hello/skill.json:7:28: error: `filesytem` is not a value of `permissions[0].type`.
  7 |   "permissions": [{"type": "filesytem"}],
    |                            ^
  help: Did you mean `filesystem`? Known values: filesystem, network, process, environment, mcp, skill, git, secret, context.
skills/hello/skill.json:8:3: warning: There is no field `licence`; it is ignored.
  8 |   "licence": "MIT"
    |   ^
  help: Did you mean `license`?"#
    );
    let fields: Vec<_> = reading
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.field.as_str())
        .collect();
    assert_eq!(
        fields,
        ["version", "entrypoint", "permissions[0].type", "licence"]
    );

    let report = reading.into_result("skills/hello").unwrap_err();
    assert_eq!(report.code, ErrorCode::ManifestInvalid);
    assert_eq!(report.diagnostics.len(), 4);
    assert_eq!(
        report.message(Locale::EnUs),
        "The skill in skills/hello is not valid: `version` is not a version: latest (and 2 more)"
    );
}

#[test]
fn a_byte_order_mark_is_noted_and_the_skill_loads() {
    let text = "\u{feff}{\"name\": \"a\", \"version\": \"1.0.0\", \"description\": \"d\", \"entrypoint\": \"./i.js\", \"exports\": [\"x\"]}";
    let reading = Manifest::read(text.as_bytes(), "skill.json");
    assert_eq!(reading.diagnostics.len(), 1);
    assert_eq!(reading.diagnostics[0].severity, Severity::Note);
    let (manifest, remarks) = reading.into_result("a").unwrap();
    assert_eq!(manifest.entrypoint.to_str(), Some("i.js"));
    assert_eq!(remarks.len(), 1);
}

#[test]
fn nothing_a_terminal_obeys_reaches_a_remark() {
    let text =
        "{\"name\": \"\\u001b[2J\", \"\\u001b]0;x\\u0007\": 1, \"\u{9b}\u{202e}\": \"\u{7f}\"}";
    let reading = Manifest::read(text.as_bytes(), "skill.json");
    assert!(reading.diagnostics.len() >= 6);
    for diagnostic in &reading.diagnostics {
        let rendered = diagnostic.render(Locale::EnUs);
        let odd = rendered
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(odd, None, "{rendered:?}");
    }
}
