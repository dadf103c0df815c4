//! A skill's own settings against the schema in its manifest.

use mycelium_config::SkillOwner;
use serde_json::json;

use crate::suite::fixture::Fixture;

#[test]
fn settings_that_fit_are_given_and_others_are_told_with_their_place_and_without_their_value() {
    let fixture = Fixture::new()
        .user("{\"skills\": {\"a\": {\n  \"token\": 12345,\n  \"retries\": 2,\n  \"list\": [\"x\", 9876]\n}}}");
    let configuration = fixture.load();
    let name = "a".parse().unwrap();
    let schema = json!({"properties": {"token": {"type": "integer"}, "retries": {"minimum": 1}}});
    let settings = configuration
        .skill_settings(&name, SkillOwner::Workspace, Some(&schema))
        .unwrap();
    assert_eq!(settings["retries"], 2);
    assert_eq!(
        configuration
            .skill_settings(&name, SkillOwner::Workspace, None)
            .unwrap(),
        settings
    );

    let schema = json!({
        "required": ["url"],
        "properties": {
            "token": {"type": "string", "secret": true},
            "list": {"items": {"type": "string"}}
        }
    });
    let remarks = configuration
        .skill_settings(&name, SkillOwner::Workspace, Some(&schema))
        .unwrap_err();
    let places: Vec<_> = remarks
        .iter()
        .map(|d| (d.field.as_str(), d.position.map(|p| p.line)))
        .collect();
    assert_eq!(
        places,
        [
            ("skills.a", None),
            ("skills.a.token", Some(2)),
            ("skills.a.list.1", Some(4))
        ]
    );
    for remark in &remarks {
        assert!(!remark.message.contains("12345") && !remark.message.contains("9876"));
    }
}

#[test]
fn a_skill_without_settings_still_needs_what_is_required() {
    let configuration = Fixture::new().load();
    let name = "a".parse().unwrap();
    let schema = json!({"required": ["url"]});
    assert!(
        configuration
            .skill_settings(&name, SkillOwner::Workspace, Some(&json!({})))
            .is_ok()
    );
    let remarks = configuration
        .skill_settings(&name, SkillOwner::Workspace, Some(&schema))
        .unwrap_err();
    assert_eq!(remarks.len(), 1);
}

#[test]
fn a_hostile_schema_is_refused_or_harmless() {
    let configuration = Fixture::new()
        .user(&format!(
            r#"{{"skills": {{"a": {{"x": "{}"}}}}}}"#,
            "a".repeat(5000)
        ))
        .load();
    let name = "a".parse().unwrap();
    for schema in [
        json!({"$ref": "https://example.com/schema.json"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"type": 5}),
        json!({"properties": {"x": {"pattern": "(a"}}}),
        json!({"properties": {"x": {"pattern": "(?=a)b"}}}),
        json!({"properties": {"x": {"pattern": "((a{1000}){1000}){1000}"}}}),
        json!({"allOf": vec![json!({"$ref": "#/$defs/a"}); 17], "$defs": {"a": true}}),
    ] {
        let remarks = configuration
            .skill_settings(&name, SkillOwner::Workspace, Some(&schema))
            .unwrap_err();
        assert_eq!(remarks.len(), 1, "{schema}");
    }
    // Exponential for a matcher that backtracks.
    let schema = json!({"properties": {"x": {"pattern": "^(a|aa|a*)*b$"}}});
    assert!(
        configuration
            .skill_settings(&name, SkillOwner::Workspace, Some(&schema))
            .is_err()
    );
    let schema = json!({"allOf": [{"$ref": "#"}]});
    assert!(
        configuration
            .skill_settings(&name, SkillOwner::Workspace, Some(&schema))
            .is_ok()
    );
}
