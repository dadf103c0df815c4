//! Who runs on a machine where the sandbox reaches the rung `reduced` only.

use mycelium_protocol::Event;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

use super::native::script;
use super::world::World;

fn manifest() -> Value {
    json!({"exports": ["answer"]})
}

const CODE: &str = "exports.answer = () => 42";

/// Calls a skill that must be refused for want of a sandbox; gives the reason.
async fn refused(world: &World, skill: &str, method: &str) -> String {
    let report = world.exec("shell", skill, method, json!([])).await;
    let mut error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SandboxUnavailable, "{error:?}");
    error.context.remove("reason").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_skills_run_on_a_lower_rung_and_skills_from_elsewhere_do_not() {
    let world = World::without_namespaces();
    let configure = |required: &str| {
        world.configure_person(&json!({
            "breaker": {"failureThreshold": 100},
            "security": {"requiredRung": required, "trustedRequiredRung": "reduced"},
        }));
    };
    configure("full");
    world.skill("local", manifest(), CODE);
    world.own_skill("foreign", manifest(), CODE);
    let reason = refused(&world, "local", "answer").await;
    assert!(
        reason.contains("rung `reduced` here, and `full` is required"),
        "{reason}"
    );

    world.trust_workspace().await;
    assert_eq!(world.value("local", "answer", json!([])).await, json!(42));
    let made = world.heard().into_iter().find_map(|event| match event {
        Event::SandboxCreated { notes, .. } => Some(notes),
        _ => None,
    });
    let notes = made.unwrap().join("\n");
    assert!(
        notes.contains("no namespaces: ") && notes.contains("violations: coarse"),
        "{notes}"
    );
    let reason = refused(&world, "foreign", "answer").await;
    assert!(reason.contains("`full` is required"), "{reason}");

    world.revoke_workspace().await;
    refused(&world, "local", "answer").await;
    // It was the rung, and nothing else.
    configure("reduced");
    for skill in ["local", "foreign"] {
        assert_eq!(world.value(skill, "answer", json!([])).await, json!(42));
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_its_own_does_not_run_whatever_the_person_allows() {
    let world = World::without_namespaces();
    world.configure_person(&json!({"security": {"requiredRung": "reduced"}}));
    world.trust_workspace().await;
    script(&world, "program", &["answer"], "#!/bin/sh\necho 42\n");
    world.skill("embedded", manifest(), CODE);
    let reason = refused(&world, "program", "answer").await;
    assert!(reason.contains("a program of its own"), "{reason}");
    assert_eq!(
        world.value("embedded", "answer", json!([])).await,
        json!(42)
    );
    world.runtime.shutdown().await;
}
