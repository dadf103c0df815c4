//! What the file of a workspace nobody trusts can and cannot do.

use mycelium_config::Layer;
use mycelium_config::SkillOwner;
use mycelium_policy::GrantBounds;
use mycelium_policy::Rung;
use mycelium_types::LimitOverrides;
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
    let settings = configuration
        .skill(&"a".parse().unwrap(), SkillOwner::Workspace)
        .settings;
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

#[test]
fn the_machine_and_folders_elsewhere_are_not_its_to_set() {
    let fixture = Fixture::new()
        .user(r#"{"skillPaths": ["/opt/skills"], "dependencies": {"offline": true}}"#)
        .project(
            "{\"skillPaths\": [\"mine\", \"/etc\", \"../up\"],\n\"dependencies\": {\"offline\": false},\n\"monitoring\": {\"metricsPort\": 9000},\n\"instances\": {\"idleSeconds\": 99999}}",
        );
    assert_eq!(fixture.load().monitoring.metrics_port, Some(9000));
    let fixture = fixture.untrusted();
    let configuration = fixture.read().configuration;
    assert_eq!(configuration.skill_paths, ["/opt/skills", "mine"]);
    assert!(configuration.dependencies.offline);
    assert_eq!(configuration.monitoring.metrics_port, None);
    assert_eq!(configuration.instances.idle_seconds, 600);
    let remarks = fixture.remarks();
    assert_eq!(remarks.len(), 4, "{remarks:?}");
    assert!(
        remarks[0].contains("does without /etc, ../up"),
        "{remarks:?}"
    );
    assert!(remarks[2].contains("`monitoring.metricsPort` stays unset"));
}

#[test]
fn of_other_peoples_skills_it_can_only_lower_the_limits() {
    let fixture = Fixture::new()
        .user(r#"{"skills": {"a": {"target": "mine", "limits": {"memoryMB": 300}}}}"#)
        .project(
            r#"{"skills": {"a": {"target": "theirs", "limits": {"memoryMB": 900, "wallSeconds": 60, "cpuSeconds": 5}}}}"#,
        )
        .untrusted();
    let reading = fixture.read();
    assert_eq!(reading.diagnostics.len(), 1, "{reading:?}");
    assert_eq!(reading.diagnostics[0].field, "skills.a.limits.memoryMB");
    let configuration = reading.configuration;
    let name = "a".parse().unwrap();
    let target = |owner| configuration.skill(&name, owner).settings["target"].clone();
    assert_eq!(target(SkillOwner::Other), "mine");
    assert_eq!(target(SkillOwner::Workspace), "theirs");
    let asked = LimitOverrides {
        wall_seconds: Some(20),
        cpu_seconds: Some(20),
        ..LimitOverrides::default()
    };
    let limits = configuration.limits(&name, SkillOwner::Other, &asked);
    assert_eq!(
        (limits.memory_mb, limits.wall_seconds, limits.cpu_seconds),
        (300, 20, 5)
    );
    let own = configuration.limits(&name, SkillOwner::Workspace, &asked);
    assert_eq!((own.memory_mb, own.wall_seconds), (300, 60));
}

#[test]
fn a_file_that_a_link_puts_elsewhere_is_not_read() {
    for linked in ["work/.claude", "work/.claude/skills.json"] {
        let fixture = Fixture::new().untrusted();
        let secret = fixture.below("secret");
        fs_err::create_dir(&secret).unwrap();
        fs_err::write(secret.join("skills.json"), "hunter2").unwrap();
        let link = fixture.below(linked);
        let target = if link.is_dir() {
            fs_err::remove_dir(&link).unwrap();
            secret
        } else {
            secret.join("skills.json")
        };
        std::os::unix::fs::symlink(target, &link).unwrap();
        let remarks = fixture.remarks();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert!(remarks[0].contains("a link leads out of the workspace"));
        assert!(!remarks[0].contains("hunter2"));
    }
}

#[test]
fn no_layer_widens_what_another_lets_nobody_grant() {
    let grants = |entries: &str| format!(r#"{{"security": {{"grants": [{entries}]}}}}"#);
    let mut fixture = Fixture::new()
        .user(&grants(r#""network:*.example.org", "filesystem""#))
        .project(grants(r#""network", "process", "filesystem:read""#))
        .variable(
            "MYCELIUM_SECURITY_GRANTS",
            "network:a.example.org:443, secret",
        );
    let bounds = GrantBounds::new([
        vec!["network:a.example.org:443", "secret"],
        vec!["network", "process", "filesystem:read"],
        vec!["network:*.example.org", "filesystem"],
    ]);
    for _ in 0..2 {
        let configuration = fixture.load();
        assert_eq!(configuration.grant_bounds(), bounds);
        let settings = configuration.settings();
        let shown = settings.iter().filter(|one| one.key == "security.grants");
        let layers: Vec<_> = shown.map(|setting| setting.origin.layer).collect();
        assert_eq!(layers, [Layer::Environment, Layer::Project, Layer::User]);
        assert_eq!(fixture.remarks(), [""; 0]);
        fixture = fixture.untrusted();
    }
    let fixture = Fixture::new().project(grants(r#""everything""#));
    assert!(fixture.untrusted().read().into_result().is_err());
}
