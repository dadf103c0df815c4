//! What the file of a workspace nobody trusts can and cannot do.

use mycelium_policy::Rung;
use mycelium_types::Severity;

use crate::suite::fixture::Fixture;

#[test]
fn it_tightens_security_and_never_loosens_it() {
    let fixture = Fixture::new()
        .user(r#"{"security": {"requireSignatures": true, "maxMemoryMB": 300, "maxOpenFiles": 50}}"#)
        .project(
            "{\"security\": {\n\"requireSignatures\": false,\n\"maxMemoryMB\": 5000,\n\"maxOpenFiles\": 20,\n\"maxProcesses\": 3,\n\"requiredRung\": \"none\"}}",
        );
    let trusted = fixture.load();
    assert!(!trusted.security.require_signatures);
    assert_eq!(trusted.security.max_memory_mb, Some(5000));
    assert_eq!(trusted.security.required_rung, Rung::None);

    let fixture = fixture.untrusted();
    let reading = fixture.read();
    let security = &reading.configuration.security;
    assert!(security.require_signatures);
    assert_eq!(security.max_memory_mb, Some(300));
    assert_eq!(security.max_open_files, Some(20));
    assert_eq!(security.max_processes, Some(3));
    assert_eq!(security.required_rung, Rung::Full);
    let fields: Vec<_> = reading
        .diagnostics
        .iter()
        .map(|d| (d.severity, d.field.as_str(), d.position.unwrap().line))
        .collect();
    assert_eq!(
        fields,
        [
            (Severity::Warning, "security.requireSignatures", 2),
            (Severity::Warning, "security.maxMemoryMB", 3),
            (Severity::Warning, "security.requiredRung", 6),
        ]
    );
    assert!(
        reading.diagnostics[1]
            .message
            .starts_with("`security.maxMemoryMB` stays 300")
    );
}

#[test]
fn the_person_may_loosen_what_it_tightened() {
    let configuration = Fixture::new()
        .project(r#"{"security": {"maxMemoryMB": 100, "requireSignatures": true}}"#)
        .untrusted()
        .variable("MYCELIUM_SECURITY_MAX_MEMORY_MB", "900")
        .set("security.requireSignatures", false)
        .load();
    assert_eq!(configuration.security.max_memory_mb, Some(900));
    assert!(!configuration.security.require_signatures);
}

#[test]
fn other_settings_count_but_take_nothing_from_the_environment() {
    let fixture = Fixture::new()
        .project(
            r#"{"skillPaths": ["./custom-skills"], "watch": true, "skills": {"a": {"x": "${SECRET}", "y": "${SECRET:-d}", "z": ["a", "${SECRET}"], "w": 1}}}"#,
        )
        .variable("SECRET", "s3cret")
        .untrusted();
    let reading = fixture.read();
    let configuration = &reading.configuration;
    assert_eq!(configuration.skill_paths, ["./custom-skills"]);
    assert!(configuration.watch);
    let settings = configuration.skill(&"a".parse().unwrap()).settings;
    assert_eq!(
        serde_json::Value::from(settings),
        serde_json::json!({"w": 1, "y": "d"})
    );
    let fields: Vec<_> = reading
        .diagnostics
        .iter()
        .map(|d| (d.severity, d.field.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            (Severity::Warning, "skills.a.x"),
            (Severity::Warning, "skills.a.z[1]")
        ]
    );
    assert!(!format!("{reading:?}").contains("s3cret"));
}
