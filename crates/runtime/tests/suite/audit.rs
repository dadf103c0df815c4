//! What is on record after what happened.

use mycelium_audit::AuditFolder;
use mycelium_audit::Entry;
use mycelium_audit::Follower;
use mycelium_audit::Level;
use mycelium_audit::Line;
use mycelium_audit::REDACTED;
use mycelium_audit::verify;
use mycelium_protocol::Event;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecRequest;
use mycelium_types::ErrorCode;
use serde_json::json;

use super::world::World;

impl World {
    fn audit(&self) -> AuditFolder {
        AuditFolder::below(&self.state())
    }

    pub(super) fn entries(&self, kind: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut follower = Follower::from_file(&self.audit(), 1);
        follower
            .read(|line| match line {
                Line::Entry(entry) if entry.kind == kind => entries.push(*entry),
                Line::Entry(_) => {}
                Line::Unreadable { .. } => panic!("{line:?}"),
            })
            .unwrap();
        entries
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_on_record_in_brief_and_secrets_are_not() {
    let world = World::new();
    world.skill(
        "keeper",
        json!({"exports": [{"name": "login", "parameters": {"type": "object", "properties": {
            "user": {"type": "string"}, "phrase": {"type": "string", "secret": true},
            "options": {"type": "object"}
        }}}, "fail"]}),
        "exports.login = ({ user }) => user; exports.fail = () => { throw new Error('no') };",
    );
    let secrets = json!({
        "user": "u", "phrase": "open sesame", "options": {"apiKey": "k-1", "header": "Bearer abcdefgh123"}
    });
    let report = world.exec("shell", "keeper", "login", secrets).await;
    // What was answered is on record, whatever becomes of this process.
    let calls = world.entries("call");
    assert_eq!(calls.len(), 1);
    let [call] = calls.as_slice() else { panic!() };
    assert_eq!(call.level, Level::Ordinary);
    assert_eq!(call.subject.correlation_id, Some(report.correlation_id));
    assert_eq!(call.subject.session.as_deref(), Some("shell"));
    assert_eq!(call.subject.skill.as_ref().unwrap().as_str(), "keeper");
    assert_eq!(call.subject.version.as_ref().unwrap().to_string(), "1.0.0");
    assert!(call.subject.digest.is_some());
    assert_eq!(call.detail["outcome"], "OK");
    assert_eq!(call.detail["method"], "login");
    assert_eq!(call.detail["arguments"]["user"], "u");
    assert_eq!(call.detail["arguments"]["phrase"], REDACTED);
    world.code("keeper", "fail", json!([])).await;
    world.code("keeper", "no-such-method", json!([])).await;
    world.code("no-such-skill", "x", json!([])).await;
    world.runtime.shutdown().await;

    let outcomes: Vec<_> = world
        .entries("call")
        .iter()
        .map(|entry| entry.detail["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        outcomes,
        [
            "OK",
            "SKILL_EXECUTION_ERROR",
            "METHOD_NOT_FOUND",
            "SKILL_NOT_FOUND"
        ]
    );
    let stages: Vec<_> = world
        .entries("stage")
        .iter()
        .map(|entry| entry.detail["stage"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(stages, ["onLoad", "onActivate", "onDeactivate", "onUnload"]);
    let text = fs_err::read_to_string(world.audit().file(1)).unwrap();
    for secret in ["open sesame", "k-1", "abcdefgh123"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(verify(&world.audit(), &[], None).unwrap().problem, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_on_disk_in_full_before_the_answer() {
    let world = World::new();
    world.skill(
        "curious",
        json!({"exports": ["read", "quiet"]}),
        "const fs = require('fs');
         exports.read = path => fs.readFileSync(path, 'utf8');
         exports.quiet = path => { try { return fs.readFileSync(path, 'utf8') } catch { return 'none' } };",
    );
    let report = world
        .exec("shell", "curious", "read", json!(["/etc/passwd"]))
        .await;
    assert_eq!(
        report.outcome.unwrap_err().code,
        ErrorCode::SecurityViolation
    );
    let violations = world.entries("violation");
    let [violation] = violations.as_slice() else {
        panic!("{violations:?}")
    };
    assert_eq!(violation.level, Level::Security);
    assert_eq!(violation.detail["operation"], "read");
    assert_eq!(violation.detail["attempted"], "/etc/passwd");
    assert_eq!(
        violation.subject.correlation_id,
        Some(report.correlation_id)
    );
    assert!(violation.subject.digest.is_some());
    let head = verify(&world.audit(), &[], None).unwrap().head.unwrap();
    assert!(head >= violation.sequence);
    // What is told of the entry is told from the entry.
    let told: Vec<_> = world
        .heard()
        .into_iter()
        .filter_map(|event| match event {
            Event::Audited(audited) => Some(audited),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].sequence, violation.sequence);
    assert_eq!(
        told[0].timestamp_milliseconds,
        violation.time.milliseconds()
    );
    // One that the skill got over is on record all the same.
    world
        .value("curious", "quiet", json!(["/etc/passwd"]))
        .await;
    assert_eq!(world.entries("violation").len(), 2);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denials_answers_and_limits_are_on_record() {
    let world = World::new();
    world.skill(
        "asker",
        json!({"exports": ["run"], "permissions": [{"type": "environment", "variables": ["LANG"]}]}),
        "exports.run = () => 1;",
    );
    world.skill(
        "busy",
        json!({"exports": ["spin"], "limits": {"cpuSeconds": 1}}),
        "exports.spin = () => { for (;;); };",
    );
    assert_eq!(
        world.code("asker", "run", json!([])).await,
        ErrorCode::PermissionRequired
    );
    let denied = world.entries("denied");
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0].detail["code"], "PERMISSION_REQUIRED");
    assert!(
        denied[0].detail["reason"]["permissions"]
            .as_str()
            .unwrap()
            .contains("LANG")
    );

    world.trust_workspace().await;
    world.revoke_workspace().await;
    let given = world.entries("grant-given");
    assert_eq!(given[0].detail["scope"], "workspace");
    assert!(given[0].subject.skill.is_none());
    assert_eq!(world.entries("grant-revoked").len(), 1);

    assert_eq!(
        world.code("busy", "spin", json!([])).await,
        ErrorCode::CpuLimit
    );
    let limits = world.entries("limit-reached");
    assert_eq!(limits[0].detail["limit"], "cpuSeconds");
    assert_eq!(limits[0].detail["value"], 1);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_caller_goes_away_is_on_record() {
    let world = World::new();
    world.skill(
        "slow",
        json!({"exports": ["wait"]}),
        "exports.wait = () => { console.log('waiting'); return new Promise(() => setTimeout(() => {}, 60000)) };",
    );
    let request = ExecRequest {
        skill: "slow".parse().unwrap(),
        method: "wait".to_owned(),
        args: Arguments::Positional(vec![]),
        timeout_seconds: None,
        correlation_id: Some("gone".to_owned()),
        agent: None,
    };
    let (told, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let events: mycelium_runtime::EventSink = std::sync::Arc::new(move |event| {
        if matches!(event, Event::Console { .. }) {
            told.send(()).ok();
        }
    });
    let context = world.context("shell");
    tokio::select! {
        report = world.runtime.execute(&context, request, &events) => panic!("{report:?}"),
        _ = begun.recv() => {}
    }
    // Nobody waited for its entry.
    world.runtime.shutdown().await;
    let calls = world.entries("call");
    assert_eq!(calls[0].detail["outcome"], "INTERRUPTED");
    assert_eq!(calls[0].subject.correlation_id.as_deref(), Some("gone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_on_record_does_not_happen() {
    let world = World::new();
    world.skill(
        "curious",
        json!({"exports": ["quiet", "plain"]}),
        "const fs = require('fs');
         exports.plain = () => 1;
         exports.quiet = path => { try { return fs.readFileSync(path, 'utf8') } catch { return 'none' } };",
    );
    fs_err::create_dir_all(world.audit().path()).unwrap();
    fs_err::os::unix::fs::symlink("/dev/full", world.audit().file(1)).unwrap();
    // An ordinary call goes on: its entry waits.
    world.value("curious", "plain", json!([])).await;
    let error = world
        .exec("shell", "curious", "quiet", json!(["/etc/passwd"]))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::AuditUnavailable, "{error}");
    assert_eq!(
        world.code("curious", "plain", json!([])).await,
        ErrorCode::AuditUnavailable
    );
    let context = world.context("shell");
    let refused = world
        .runtime
        .trust(
            &context,
            mycelium_protocol::control::TrustRequest::Workspace,
        )
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::AuditUnavailable);
    assert!(!world.state().join("trust.json").exists());

    fs_err::remove_file(world.audit().file(1)).unwrap();
    world.trust_workspace().await;
    world.value("curious", "plain", json!([])).await;
    world.runtime.shutdown().await;
    assert_eq!(world.entries("violation").len(), 1);
    assert!(world.entries("call").len() >= 4);
}
