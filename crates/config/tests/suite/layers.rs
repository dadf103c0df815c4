//! Which layer's value counts, and what is said of where it comes from.

use mycelium_config::Configuration;
use mycelium_config::Layer;
use mycelium_config::LogLevel;
use mycelium_config::SkillOwner;
use mycelium_policy::Rung;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::LimitOverrides;
use mycelium_types::Locale;
use mycelium_types::Severity;
use serde_json::json;

use crate::suite::fixture::Fixture;

const DEMO: &str = r#"{
  "skillPaths": [
    "./plugins/mycelium-core/skills",
    "~/.claude/skills",
    "./custom-skills"
  ],
  "autoDiscovery": true,
  "security": {
    "requireSignatures": false,
    "maxMemoryMB": 500,
    "maxCpuTimeSeconds": 30
  },
  "monitoring": {
    "enabled": true,
    "metricsPort": 9090,
    "logLevel": "info"
  }
}
"#;

#[test]
fn the_demo_file_loads_without_a_remark() {
    let configuration = Fixture::new().project(DEMO).load();
    assert_eq!(configuration.skill_paths.len(), 3);
    assert_eq!(configuration.monitoring.metrics_port, Some(9090));
    assert_eq!(configuration.monitoring.log_level, LogLevel::Info);
    assert_eq!(
        configuration.security.ceilings().0,
        LimitOverrides {
            memory_mb: Some(500),
            cpu_seconds: Some(30),
            ..LimitOverrides::default()
        }
    );
}

#[test]
fn without_files_everything_has_its_default() {
    let configuration = Fixture::new().load();
    assert_eq!(configuration, Configuration::default());
    assert_eq!(configuration.security.required_rung, Rung::Full);
    for setting in configuration.settings() {
        assert_eq!(setting.origin.layer, Layer::Default, "{}", setting.key);
        assert_eq!(setting.origin.describe(Locale::EnUs), "built in");
    }
}

#[test]
fn each_layer_overrides_the_ones_before_it_key_by_key() {
    let fixture = Fixture::new()
        .system(r#"{"security": {"maxMemoryMB": 1000, "maxOpenFiles": 100}, "watch": true}"#)
        .user("{\n  // mine\n  \"security\": {\"maxMemoryMB\": 800},\n  \"skillPaths\": [\"a\", \"b\"],\n}")
        .project(r#"{"security": {"maxMemoryMB": 600}, "skillPaths": ["c"]}"#)
        .variable("MYCELIUM_SECURITY_MAX_MEMORY_MB", "400")
        .variable("MYCELIUM_MONITORING_ENABLED", "false")
        .variable("MYCELIUM_MONITORING_LOG_LEVEL", "debug")
        .variable("MYCELIUM_SESSION", "not a key of ours")
        .variable("PATH", "/bin")
        .set("dependencies.offline", true)
        .set("security.maxMemoryMB", 200);
    let configuration = fixture.load();
    assert_eq!(configuration.security.max_memory_mb, Some(200));
    assert_eq!(configuration.security.max_open_files, Some(100));
    assert_eq!(configuration.skill_paths, ["c"]);
    assert!(configuration.watch && configuration.dependencies.offline);
    assert!(!configuration.monitoring.enabled);
    assert_eq!(configuration.monitoring.log_level, LogLevel::Debug);

    let folder = format!("{}/", fixture.path().display());
    let origins: Vec<_> = configuration
        .settings()
        .into_iter()
        .filter(|setting| setting.origin.layer != Layer::Default)
        .map(|setting| {
            let origin = setting.origin.describe(Locale::EnUs).replace(&folder, "");
            format!("{} = {} ({origin})", setting.key, setting.value)
        })
        .collect();
    assert_eq!(
        origins,
        [
            "skillPaths = [\"c\"] (work/.claude/skills.json:1:50)",
            "security.maxMemoryMB = 200 (set for this once)",
            "security.maxOpenFiles = 100 (etc/skills.json:1:52)",
            "monitoring.enabled = false (MYCELIUM_MONITORING_ENABLED)",
            "monitoring.logLevel = \"debug\" (MYCELIUM_MONITORING_LOG_LEVEL)",
            "dependencies.offline = true (set for this once)",
            "watch = true (etc/skills.json:1:67)",
        ]
    );
}

#[test]
fn lists_come_from_variables_as_in_path() {
    let configuration = Fixture::new()
        .variable("MYCELIUM_SKILL_PATHS", "./a:~/b::/c")
        .load();
    assert_eq!(configuration.skill_paths, ["./a", "~/b", "/c"]);
}

#[test]
fn settings_of_skills_merge_deeply_and_keep_their_origins() {
    let fixture = Fixture::new()
        .user(r#"{"skills": {"deploy": {"limits": {"memoryMB": 100}, "api": {"url": "u", "token": "${TOKEN}"}}}}"#)
        .project(r#"{"skills": {"deploy": {"api": {"url": "p"}, "list": ["${A:-x}", 1, {"y": "$${z}"}]}}}"#)
        .variable("TOKEN", "s3cret");
    let configuration = fixture.load();
    let deploy = configuration.skill(&"deploy".parse().unwrap(), SkillOwner::Workspace);
    assert_eq!(deploy.limits.memory_mb, Some(100));
    assert_eq!(
        serde_json::Value::from(deploy.settings.clone()),
        json!({"api": {"token": "s3cret", "url": "p"}, "list": ["x", 1, {"y": "${z}"}]})
    );
    let token = configuration.origin_of("skills.deploy.api.token").unwrap();
    assert_eq!(
        (token.layer, token.position.unwrap().column),
        (Layer::User, 82)
    );
    assert_eq!(token.interpolated, ["TOKEN"]);
    assert!(
        token
            .describe(Locale::EnUs)
            .ends_with("skills.config:1:82 (with TOKEN from the environment)")
    );
    let keys: Vec<_> = configuration
        .settings()
        .into_iter()
        .filter(|setting| setting.key.starts_with("skills."))
        .map(|setting| (setting.key, setting.origin.layer))
        .collect();
    assert_eq!(
        keys,
        [
            ("skills.deploy.api.token".to_owned(), Layer::User),
            ("skills.deploy.api.url".to_owned(), Layer::Project),
            ("skills.deploy.limits.memoryMB".to_owned(), Layer::User),
            ("skills.deploy.list".to_owned(), Layer::Project),
        ]
    );
    let shown = format!("{configuration:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn numbers_and_flags_may_come_from_the_environment() {
    let fixture = Fixture::new()
        .project(
            r#"{"monitoring": {"metricsPort": "${PORT:-9090}", "enabled": "${ON}", "logLevel": "${LEVEL}"}, "skillPaths": ["${DIR}/skills"]}"#,
        )
        .variable("ON", "false")
        .variable("LEVEL", "warn")
        .variable("DIR", "/opt");
    let configuration = fixture.load();
    assert_eq!(configuration.monitoring.metrics_port, Some(9090));
    assert!(!configuration.monitoring.enabled);
    assert_eq!(configuration.monitoring.log_level, LogLevel::Warn);
    assert_eq!(configuration.skill_paths, ["/opt/skills"]);
}

#[test]
fn all_problems_of_all_layers_are_told_in_one_run() {
    let fixture = Fixture::new()
        .system("{\"watch\": yes}")
        .user("{\n  \"monitoring\": {\"metricsPort\": 70000, \"logLevl\": \"info\"},\n  \"autoDiscovery\": true\n}")
        .project("{\n  \"security\": {\"maxMemoryMB\": \"lots\", \"requiredRung\": \"ful\"},\n  \"skills\": {\"No\": {}, \"a\": {\"k\": \"${NONE}\", \"limits\": {\"cpuSeconds\": 0}}},\n  \"skillPaths\": [1],\n  \"watch\": null\n}")
        .variable("MYCELIUM_BREAKER_RESET_SECONDS", "soon")
        .variable("MYCELIUM_SECURITY_MAX_MEMORY", "1")
        .set("watch", "yes");
    assert_eq!(
        fixture.remarks().join("\n"),
        "\
etc/skills.json:1:11: error: This cannot stand here in JSON.
  1 | {\"watch\": yes}
    |           ^
  help: Values are strings in double quotes, numbers, true, false, null, lists and objects.
home/.claude/skills.config:2:33: error: `monitoring.metricsPort` must be between 1 and 65535, not 70000.
  2 |   \"monitoring\": {\"metricsPort\": 70000, \"logLevl\": \"info\"},
    |                                 ^
  help: Write a number in that range.
home/.claude/skills.config:2:40: warning: There is no field `monitoring.logLevl`; it is ignored.
  2 |   \"monitoring\": {\"metricsPort\": 70000, \"logLevl\": \"info\"},
    |                                        ^
  help: Did you mean `logLevel`?
work/.claude/skills.json:2:31: error: `security.maxMemoryMB` must be a whole number, not a string.
  2 |   \"security\": {\"maxMemoryMB\": \"lots\", \"requiredRung\": \"ful\"},
    |                               ^
  help: Write the digits without quotes or a dot.
work/.claude/skills.json:2:55: error: `ful` is not a value of `security.requiredRung`.
  2 |   \"security\": {\"maxMemoryMB\": \"lots\", \"requiredRung\": \"ful\"},
    |                                                       ^
  help: Did you mean `full`? Known values: none, reduced, full.
work/.claude/skills.json:3:14: error: `No` cannot be the name of a skill.
  3 |   \"skills\": {\"No\": {}, \"a\": {\"k\": \"${NONE}\", \"limits\": {\"cpuSeconds\": 0}}},
    |              ^
  help: Write the name as the skill's manifest does: lower-case letters, digits and hyphens.
work/.claude/skills.json:3:35: error: `skills.a.k` needs the environment variable NONE, which is not set.
  3 |   \"skills\": {\"No\": {}, \"a\": {\"k\": \"${NONE}\", \"limits\": {\"cpuSeconds\": 0}}},
    |                                   ^
  help: Set the variable, or write a default: ${NONE:-default}.
work/.claude/skills.json:3:71: error: `skills.a.limits.cpuSeconds` must be between 1 and 86400, not 0.
  3 |   \"skills\": {\"No\": {}, \"a\": {\"k\": \"${NONE}\", \"limits\": {\"cpuSeconds\": 0}}},
    |                                                                       ^
  help: Write a number in that range.
work/.claude/skills.json:4:17: error: `skillPaths` must be a list of strings, not a list with something else in it.
  4 |   \"skillPaths\": [1],
    |                 ^
  help: Write [\"one\", \"two\"].
work/.claude/skills.json:5:12: error: `watch` is null.
  5 |   \"watch\": null
    |            ^
  help: Give it a value or leave it out.
MYCELIUM_BREAKER_RESET_SECONDS: error: `breaker.resetSeconds` must be a whole number, not a string.
  help: Write the digits without quotes or a dot.
MYCELIUM_SECURITY_MAX_MEMORY: warning: No key is set by MYCELIUM_SECURITY_MAX_MEMORY.
  help: Did you mean MYCELIUM_SECURITY_MAX_MEMORY_MB?
error: `watch` must be true or false, not a string.
  help: Write true or false without quotes."
    );
    let reading = fixture.read();
    // What is right in a file with something wrong still counts.
    let origin = reading.configuration.origin_of("autoDiscovery").unwrap();
    assert_eq!(origin.layer, Layer::User);

    let report = ErrorReport::from(reading.into_result().unwrap_err());
    assert_eq!(report.code, ErrorCode::ConfigInvalid);
    assert_eq!(report.diagnostics.len(), 13);
    let message = report.message(Locale::EnUs);
    assert!(
        message.ends_with("etc/skills.json:1: This cannot stand here in JSON. (and 10 more)"),
        "{message}"
    );
}

#[test]
fn warnings_do_not_stand_in_the_way() {
    let fixture = Fixture::new().user(r#"{"$schema": "x", "skillPath": []}"#);
    let (_, remarks) = fixture.read().into_result().unwrap();
    assert_eq!(remarks.len(), 1);
    assert_eq!(remarks[0].severity, Severity::Warning);
    assert_eq!(
        remarks[0].help.as_deref(),
        Some("Did you mean `skillPaths`?")
    );
}
