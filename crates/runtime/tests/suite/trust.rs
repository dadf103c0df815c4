//! What the person allows and takes back, and what becomes of instances that run.

use mycelium_policy::Answer;
use mycelium_policy::DenialReason;
use mycelium_protocol::control::TrustRequest;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

use crate::suite::world::World;

const WRITER: &str = "const fs = require('fs');
    let calls = 0;
    exports.write = path => { fs.writeFileSync(path, 'x'); return ++calls };
    exports.slow = async path => {
        fs.writeFileSync(path, 'x');
        while (!fs.existsSync('output/go')) await new Promise(done => setTimeout(done, 5));
    };";

fn writes(path: &str) -> Value {
    json!({"exports": ["write", "slow"], "permissions": [
        {"type": "filesystem", "paths": [path], "access": "write"}
    ]})
}

/// How many workers run, as `ps` tells it.
async fn workers(world: &World) -> usize {
    world.runtime.processes().await.unwrap().instances.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_and_its_end_reach_what_runs() {
    let world = World::new();
    world.skill("writer", writes("./output"), WRITER);
    world.trust_workspace().await;
    let args = json!(["output/file"]);
    assert_eq!(world.value("writer", "write", args.clone()).await, json!(1));
    assert_eq!(world.value("writer", "write", args.clone()).await, json!(2));
    world.revoke_workspace().await;
    assert_eq!(workers(&world).await, 0, "an idle instance ends at once");
    assert_eq!(
        world.code("writer", "write", args.clone()).await,
        ErrorCode::SecurityViolation
    );
    assert_eq!(workers(&world).await, 1);
    world.trust_workspace().await;
    assert_eq!(
        world.value("writer", "write", args).await,
        json!(1),
        "started anew with the grant"
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_ends_first_and_its_instance_right_after_it() {
    let world = std::sync::Arc::new(World::new());
    world.skill("writer", writes("./output"), WRITER);
    world.trust_workspace().await;
    let call = {
        let world = std::sync::Arc::clone(&world);
        tokio::spawn(async move {
            world
                .exec("shell", "writer", "slow", json!(["output/started"]))
                .await
        })
    };
    let started = world.workspace().join("output/started");
    while !started.exists() {
        tokio::task::yield_now().await;
    }
    world.revoke_workspace().await;
    fs_err::write(world.workspace().join("output/go"), "").unwrap();
    assert!(call.await.unwrap().outcome.is_ok());
    let mut live = world.runtime.live_instances();
    live.wait_for(|count| *count == 0).await.unwrap();
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_given_elsewhere_counts_with_the_next_call() {
    let world = World::new();
    world.own_skill("writer", writes("./output"), WRITER);
    let args = json!(["output/file"]);
    assert_eq!(
        world.code("writer", "write", args.clone()).await,
        ErrorCode::PermissionRequired
    );
    world.trust("writer").await;
    assert_eq!(world.value("writer", "write", args.clone()).await, json!(1));
    // As another process would do it.
    fs_err::remove_file(world.root().join("mycelium/state/trust.json")).unwrap();
    assert_eq!(
        world.code("writer", "write", args.clone()).await,
        ErrorCode::PermissionRequired
    );
    world.trust("writer").await;
    world.value("writer", "write", args.clone()).await;
    world.revoke("writer").await;
    assert_eq!(workers(&world).await, 0);
    assert_eq!(
        world.code("writer", "write", args).await,
        ErrorCode::PermissionRequired
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_for_what_was_shown_and_nothing_else() {
    let world = World::new();
    world.own_skill("writer", writes("./output"), WRITER);
    let shown = world.info("writer").await;
    // Between the question and the answer the skill comes to ask for more.
    world.own_skill("writer", writes("/etc"), WRITER);
    let request = TrustRequest::Skill {
        skill: "writer".parse().unwrap(),
        digest: shown.digest,
        answer: Answer::Granted,
    };
    let context = world.context("shell");
    let error = world.runtime.trust(&context, request).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SkillChanged);
    assert_eq!(
        world.code("writer", "write", json!(["/etc/x"])).await,
        ErrorCode::PermissionRequired
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_workspace_lowers_limits_of_other_skills_and_never_raises_them() {
    let world = World::new();
    let manifest = json!({"exports": ["settings"], "limits": {"memoryMB": 200}});
    let code = "exports.settings = () => require('mycelium').settings";
    world.own_skill("mine", manifest.clone(), code);
    world.skill("theirs", manifest, code);
    let settings = json!({"target": "evil", "limits": {"memoryMB": 900, "wallSeconds": 7}});
    world.configure(&json!({"skills": {"mine": settings, "theirs": settings}}));
    let limits = world.info("mine").await.limits;
    assert_eq!((limits.memory_mb, limits.wall_seconds), (200, 7));
    assert_eq!(world.value("mine", "settings", json!([])).await, json!({}));
    assert_eq!(world.info("theirs").await.limits.memory_mb, 900);
    let evil = json!({"target": "evil"});
    assert_eq!(world.value("theirs", "settings", json!([])).await, evil);

    world.trust_workspace().await;
    assert_eq!(world.info("mine").await.limits.memory_mb, 900);
    assert_eq!(world.value("mine", "settings", json!([])).await, evil);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_holds_until_the_skill_changes_and_a_change_shows_the_difference() {
    let world = World::new();
    world.own_skill("writer", writes("./output"), WRITER);
    let args = json!(["output/file"]);
    world.trust("writer").await;
    let answer = world.info("writer").await.answer.unwrap();
    assert_eq!(answer.answer, Answer::Granted);
    assert!(answer.at_milliseconds > 0);
    world.value("writer", "write", args.clone()).await;

    world.answer("writer", Answer::Refused).await;
    assert_eq!(
        workers(&world).await,
        0,
        "what ran with the grant has ended"
    );
    assert_eq!(
        world.code("writer", "write", args.clone()).await,
        ErrorCode::PermissionDenied
    );
    world.trust("writer").await;
    world.value("writer", "write", args.clone()).await;

    world.own_skill("writer", writes("/etc"), WRITER);
    let info = world.info("writer").await;
    assert_eq!(info.answer, None);
    assert_eq!(
        info.granted_before,
        Some(vec!["filesystem: write access to ./output".to_owned()])
    );
    let report = world.exec("later", "writer", "write", args).await;
    assert_eq!(
        report.outcome.unwrap_err().code,
        ErrorCode::PermissionRequired
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_once_is_in_no_file_and_ends_with_the_daemon() {
    let world = World::new();
    world.own_skill("writer", writes("./output"), WRITER);
    let args = json!(["output/file"]);
    world.answer("writer", Answer::Once).await;
    assert_eq!(
        world.info("writer").await.answer.unwrap().answer,
        Answer::Once
    );
    assert_eq!(world.value("writer", "write", args.clone()).await, json!(1));
    let file = world.state().join("trust.json");
    assert!(!file.exists(), "nothing is kept");
    let other = world.exec("another session", "writer", "write", args.clone());
    assert!(other.await.outcome.is_ok());
    // The next daemon finds no answer.
    let next = mycelium_runtime::SkillRuntime::new(world.options("next")).unwrap();
    let skill = "writer".parse().unwrap();
    let info = next.info(&world.context("shell"), &skill).await.unwrap();
    assert_eq!(info.answer, None);
    next.shutdown().await;

    world.revoke("writer").await;
    assert_eq!(workers(&world).await, 0);
    assert_eq!(
        world.code("writer", "write", args.clone()).await,
        ErrorCode::PermissionRequired
    );
    world.answer("writer", Answer::Once).await;
    world.own_skill("writer", writes("./other"), WRITER);
    let report = world.exec("later", "writer", "write", args).await;
    assert_eq!(
        report.outcome.unwrap_err().code,
        ErrorCode::PermissionRequired,
        "it was for other content"
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_repository_cannot_widen_what_may_be_granted() {
    let world = World::new();
    let bounds = |entries: &[&str]| json!({"security": {"grants": entries}});
    let home = world.context("shell").home;
    fs_err::create_dir_all(home.join(".claude")).unwrap();
    let person = bounds(&["filesystem:./output", "network"]).to_string();
    fs_err::write(home.join(".claude/skills.config"), person).unwrap();
    world.skill("greedy", writes("./src"), WRITER);
    world.skill("modest", writes("./output"), WRITER);
    world.configure(&bounds(&["filesystem", "process", "secret"]));
    world.trust_workspace().await;
    world.trust("greedy").await;
    let info = world.info("greedy").await;
    assert!(!info.permissions[0].granted);
    assert_eq!(
        info.permissions[0].denials[0].reason,
        DenialReason::OutsideBounds
    );
    assert_eq!(
        world.code("greedy", "write", json!(["src/file"])).await,
        ErrorCode::SecurityViolation
    );
    let args = json!(["output/file"]);
    assert_eq!(world.value("modest", "write", args.clone()).await, json!(1));
    // What is taken from under a running instance ends it.
    world.configure(&bounds(&["filesystem:read"]));
    assert_eq!(
        world.code("modest", "write", args).await,
        ErrorCode::SecurityViolation
    );
    world.runtime.shutdown().await;
}
