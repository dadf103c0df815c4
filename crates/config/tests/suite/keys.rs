//! The table of keys, the schema and the typed configuration are one thing.

use std::collections::BTreeSet;

use mycelium_config::Configuration;
use mycelium_config::Key;
use mycelium_config::KeyKind;
use mycelium_config::configuration_schema;
use mycelium_config::keys;
use serde_json::Value;
use serde_json::json;

use crate::suite::fixture::Fixture;

#[test]
fn every_key_has_a_name_a_variable_and_a_description_of_its_own() {
    let shown: Vec<_> = keys()
        .iter()
        .map(|key| format!("{} {}", key.name(), key.variable()))
        .collect();
    assert_eq!(
        shown,
        [
            "skillPaths MYCELIUM_SKILL_PATHS",
            "autoDiscovery MYCELIUM_AUTO_DISCOVERY",
            "security.requireSignatures MYCELIUM_SECURITY_REQUIRE_SIGNATURES",
            "security.requiredRung MYCELIUM_SECURITY_REQUIRED_RUNG",
            "security.trustedRequiredRung MYCELIUM_SECURITY_TRUSTED_REQUIRED_RUNG",
            "security.maxMemoryMB MYCELIUM_SECURITY_MAX_MEMORY_MB",
            "security.maxCpuTimeSeconds MYCELIUM_SECURITY_MAX_CPU_TIME_SECONDS",
            "security.maxWallTimeSeconds MYCELIUM_SECURITY_MAX_WALL_TIME_SECONDS",
            "security.maxOpenFiles MYCELIUM_SECURITY_MAX_OPEN_FILES",
            "security.maxProcesses MYCELIUM_SECURITY_MAX_PROCESSES",
            "security.maxFileSizeMB MYCELIUM_SECURITY_MAX_FILE_SIZE_MB",
            "security.maxDataMB MYCELIUM_SECURITY_MAX_DATA_MB",
            "security.maxTmpMB MYCELIUM_SECURITY_MAX_TMP_MB",
            "security.maxPathsMB MYCELIUM_SECURITY_MAX_PATHS_MB",
            "security.maxOutputMB MYCELIUM_SECURITY_MAX_OUTPUT_MB",
            "security.maxFrameMB MYCELIUM_SECURITY_MAX_FRAME_MB",
            "security.maxLogLinesPerSecond MYCELIUM_SECURITY_MAX_LOG_LINES_PER_SECOND",
            "security.maxBandwidthKBps MYCELIUM_SECURITY_MAX_BANDWIDTH_KBPS",
            "security.deniedHosts MYCELIUM_SECURITY_DENIED_HOSTS",
            "security.grants MYCELIUM_SECURITY_GRANTS",
            "network.readTls MYCELIUM_NETWORK_READ_TLS",
            "monitoring.enabled MYCELIUM_MONITORING_ENABLED",
            "monitoring.metricsPort MYCELIUM_MONITORING_METRICS_PORT",
            "monitoring.logLevel MYCELIUM_MONITORING_LOG_LEVEL",
            "dependencies.metadataTtl MYCELIUM_DEPENDENCIES_METADATA_TTL",
            "dependencies.offline MYCELIUM_DEPENDENCIES_OFFLINE",
            "execution.maxRetries MYCELIUM_EXECUTION_MAX_RETRIES",
            "execution.retryBaseMs MYCELIUM_EXECUTION_RETRY_BASE_MS",
            "breaker.failureThreshold MYCELIUM_BREAKER_FAILURE_THRESHOLD",
            "breaker.resetSeconds MYCELIUM_BREAKER_RESET_SECONDS",
            "instances.idleSeconds MYCELIUM_INSTANCES_IDLE_SECONDS",
            "daemon.idleSeconds MYCELIUM_DAEMON_IDLE_SECONDS",
            "watch MYCELIUM_WATCH",
            "mcp.maxListedSkills MYCELIUM_MCP_MAX_LISTED_SKILLS",
            "mcp.askPermissions MYCELIUM_MCP_ASK_PERMISSIONS",
            "mcp.sessionIdleSeconds MYCELIUM_MCP_SESSION_IDLE_SECONDS",
        ]
    );
    let variables: BTreeSet<_> = keys().iter().map(Key::variable).collect();
    assert_eq!(variables.len(), keys().len());
    for key in keys() {
        assert!(key.description.contains("Default: "), "{}", key.name());
    }
}

/// A value that is right for `key` and is not its default, and one that is wrong.
fn right_and_wrong(key: &Key) -> (Value, Value) {
    match &key.kind {
        KeyKind::Flag => (json!(key.default != json!(true)), json!("true")),
        KeyKind::Whole { min, max } => {
            let right = if key.default == json!(min) {
                min + 1
            } else {
                *min
            };
            let wrong = max
                .checked_add(1)
                .map_or_else(|| json!(-1), |wrong| json!(wrong));
            (json!(right), wrong)
        }
        KeyKind::Choice(words) => {
            let other = words.iter().find(|word| key.default != json!(word));
            (json!(other.unwrap()), json!("neither"))
        }
        KeyKind::List => (json!(["a"]), json!([" "])),
        KeyKind::Grants => (json!(["network:a.org:443"]), json!(["netwrok"])),
    }
}

fn file_with(key: &Key, value: &Value) -> Value {
    key.path
        .iter()
        .rev()
        .fold(value.clone(), |value, name| json!({ name: value }))
}

#[test]
fn files_variables_and_schema_agree_on_every_key() {
    let schema = jsonschema::validator_for(&configuration_schema()).unwrap();
    for key in keys() {
        let (right, wrong) = right_and_wrong(key);
        let file = file_with(key, &right);
        assert!(schema.is_valid(&file), "{file}");
        let from_file = Fixture::new().project(file.to_string()).load();
        let text = match &right {
            Value::String(text) => text.clone(),
            Value::Array(items) => items[0].as_str().unwrap().to_owned(),
            other => other.to_string(),
        };
        let from_variable = Fixture::new().variable(&key.variable(), &text).load();
        for configuration in [from_file, from_variable] {
            let settings = configuration.settings();
            let setting = settings.iter().find(|s| s.key == key.name()).unwrap();
            assert_eq!(setting.value, right, "{}", key.name());
            // The typed field has it too, not only the table.
            let typed = serde_json::to_value(&configuration).unwrap();
            let pointer = format!("/{}", key.path.join("/"));
            assert_eq!(typed.pointer(&pointer), Some(&right), "{pointer}");
        }
        let file = file_with(key, &wrong);
        assert!(!schema.is_valid(&file), "{file}");
        let reading = Fixture::new().project(file.to_string()).read();
        assert!(reading.into_result().is_err(), "{file}");
    }
}

#[test]
fn defaults_in_the_table_are_those_of_the_type() {
    let typed = serde_json::to_value(Configuration::default()).unwrap();
    for key in keys() {
        let pointer = format!("/{}", key.path.join("/"));
        let value = typed.pointer(&pointer).unwrap_or(&Value::Null);
        assert_eq!(*value, key.default, "{pointer}");
    }
}

#[test]
fn the_schema_knows_skills_and_refuses_what_the_reader_refuses() {
    let value = configuration_schema();
    jsonschema::meta::validate(&value).unwrap();
    let schema = jsonschema::validator_for(&value).unwrap();
    for (file, is_valid) in [
        (json!({}), true),
        (json!({"$schema": "x", "unknown": 1}), true),
        (
            json!({"skills": {"a": {"limits": {"memoryMB": 64}, "x": [1, null]}}}),
            true,
        ),
        (json!([]), false),
        (json!({"skills": []}), false),
        (json!({"skills": {"A": {}}}), false),
        (json!({"skills": {"a": 1}}), false),
        (json!({"skills": {"a": {"limits": {"memoryMB": 1}}}}), false),
        (json!({"security": true}), false),
        (json!({"skillPaths": "x"}), false),
        (json!({"watch": null}), false),
    ] {
        assert_eq!(schema.is_valid(&file), is_valid, "{file}");
        let reading = Fixture::new().project(file.to_string()).read();
        assert_eq!(reading.into_result().is_ok(), is_valid, "{file}");
    }
}
