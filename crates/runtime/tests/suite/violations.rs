//! What the kernel refuses a skill is an event with everything there is to know, and the reason of its failure.

use mycelium_audit::Level;
use mycelium_protocol::Event;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_protocol::ViolationLayer;
use mycelium_types::ErrorCode;
use serde_json::json;

use super::native::script;
use super::native::speaking;
use super::world::World;

fn violations(world: &World) -> Vec<Violation> {
    let events = world.heard().into_iter();
    events
        .filter_map(|event| match event {
            Event::Violation(violation) => Some(violation),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refused_attempt_is_one_event_and_a_call_that_gets_over_it_succeeds() {
    let world = World::new();
    let secret = world.workspace().join("secret");
    fs_err::write(&secret, "treasure").unwrap();
    fs_err::create_dir(world.workspace().join("made")).unwrap();
    let new = world.workspace().join("made/new");
    let (secret, new) = (secret.to_str().unwrap(), new.to_str().unwrap());
    speaking(&world, &json!({}));
    world.value("speaker", "echo", json!([1])).await;
    assert_eq!(violations(&world), [], "starting tries nothing");
    for (method, args, operation, resolved, permission) in [
        (
            "open",
            json!([secret]),
            Operation::Read,
            secret,
            Some(json!({"type": "filesystem", "paths": ["./secret"], "access": "read"})),
        ),
        (
            "create",
            json!([new]),
            Operation::Write,
            new,
            Some(json!({"type": "filesystem", "paths": ["./made"], "access": "write"})),
        ),
        (
            "connect",
            json!([]),
            Operation::Connect,
            "192.0.2.1:443",
            Some(json!({"type": "network", "hosts": ["192.0.2.1:443"]})),
        ),
        (
            "chmod",
            json!([secret]),
            Operation::Write,
            secret,
            Some(json!({"type": "filesystem", "paths": ["./secret"], "access": "write"})),
        ),
        // No permission lets anything but connections out.
        ("send", json!([]), Operation::Connect, "192.0.2.1:9", None),
        ("mount", json!([]), Operation::Privilege, "mount", None),
        (
            "clock",
            json!([]),
            Operation::Privilege,
            "clock_settime",
            None,
        ),
    ] {
        let errno = world.value("speaker", method, args).await;
        assert_ne!(errno, json!(0), "{method}");
        let seen = violations(&world);
        let [violation] = seen.as_slice() else {
            panic!("{method}: {seen:?}");
        };
        assert_eq!(violation.operation, operation);
        assert_eq!(violation.resolved.to_str(), Some(resolved));
        assert_eq!(violation.call, method);
        assert_eq!(violation.layer, ViolationLayer::Kernel);
        assert!(violation.allowed.is_empty());
        let suggested = violation.permission.as_ref();
        assert_eq!(
            suggested.map(|it| serde_json::to_value(it).unwrap()),
            permission
        );
    }
    // What is not there is nobody's secret.
    world
        .value("speaker", "open", json!(["/nowhere/at/all"]))
        .await;
    assert_eq!(violations(&world), []);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_are_too_many_to_tell_are_counted() {
    let world = World::new();
    world.skill(
        "stubborn",
        json!({"exports": ["run"]}),
        "const fs = require('fs');
         exports.run = count => {
            for (let i = 0; i < count; i++) { try { fs.readFileSync('/etc/' + i) } catch {} }
            return count;
         };",
    );
    // More than 256 are not even told by the engine.
    for (count, expected) in [(100, None), (150, Some(50)), (300, Some(200))] {
        let value = world.value("stubborn", "run", json!([count])).await;
        assert_eq!(value, json!(count));
        let (mut told, mut omitted) = (0, None);
        for event in world.heard() {
            match event {
                Event::Violation(_) => told += 1,
                Event::ViolationsOmitted {
                    call,
                    refused,
                    unjudged,
                    ..
                } => {
                    assert_eq!((call.as_str(), unjudged), ("run", 0));
                    assert_eq!(omitted.replace(refused), None);
                }
                _ => {}
            }
        }
        assert_eq!((told, omitted), (100, expected));
    }
    let recorded = world.entries("violations-omitted");
    assert!(recorded.iter().all(|entry| entry.level == Level::Security));
    let counted: Vec<_> = recorded.iter().map(|entry| entry.detail.clone()).collect();
    assert_eq!(
        counted,
        [50, 200].map(|refused| json!({"call": "run", "refused": refused, "unjudged": 0}))
    );
    assert_eq!(world.entries("violation").len(), 300);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_the_reason_of_a_call_that_fails() {
    let world = World::new();
    fs_err::write(world.workspace().join("secret"), "treasure").unwrap();
    script(
        &world,
        "shell",
        &["read", "run", "absent", "fail"],
        r#"#!/bin/sh
set -e
case "$1" in
  read) read -r line < secret ;;
  run) exec /usr/bin/id ;;
  absent) read -r line < nothing-is-here ;;
  fail) exit 7 ;;
esac
"#,
    );
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
    for (method, operation, path) in [
        ("read", "read", world.workspace().join("secret")),
        ("run", "exec", fs_err::canonicalize("/usr/bin/id").unwrap()),
    ] {
        let report = world.exec("shell", "shell", method, json!([])).await;
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SecurityViolation, "{error:?}");
        assert_eq!(error.context["operation"], operation);
        assert_eq!(error.context["path"], path.display().to_string());
        assert!(error.context["permission"].starts_with('{'), "{error:?}");
        let seen = violations(&world);
        assert_eq!(seen.len(), 1, "{seen:?}");
        let recorded = world.entries("violation");
        let detail = &recorded.last().unwrap().detail;
        assert_eq!(detail["call"], method);
        assert_eq!(detail["layer"], "kernel");
        assert_eq!(detail["operation"], operation);
        assert_eq!(detail["permission"], error.context["permission"].as_str());
    }
    for method in ["absent", "fail"] {
        let code = world.code("shell", method, json!([])).await;
        assert_eq!(code, ErrorCode::SkillExecutionError, "{method}");
        assert_eq!(violations(&world), []);
    }
    world.runtime.shutdown().await;
}
