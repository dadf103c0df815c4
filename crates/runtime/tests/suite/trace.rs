//! What a traced skill was seen to need is what it runs with.

use mycelium_protocol::Event;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::TraceReport;
use mycelium_protocol::control::TraceRequest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use serde_json::Value;
use serde_json::json;

use super::world::World;

/// Reads several files of a folder and one of another, and writes a new one.
const CODE: &str = "const fs = require('fs');
    exports.run = () => {
        const texts = ['docs/a', 'docs/b', 'one/a'].map(name => fs.readFileSync(name, 'utf8'));
        fs.writeFileSync('out/new', texts.join(''));
        return fs.readFileSync('out/new', 'utf8');
    };";

/// The same as a program.
const SCRIPT: &str = "#!/bin/sh
set -e
read -r a < docs/a
read -r b < docs/b
read -r c < one/a
echo $a$b$c > out/new
read -r result < out/new
echo \\\"$result\\\"
";

fn world() -> World {
    let world = World::new();
    for name in ["docs", "one", "out", "unused", ".git"] {
        fs_err::create_dir(world.workspace().join(name)).unwrap();
    }
    for name in ["docs/a", "docs/b", "one/a"] {
        fs_err::write(world.workspace().join(name), "x\n").unwrap();
    }
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
    world
}

/// Puts the skill there, as code or as a program, with these permissions.
fn install(world: &World, engine: &str, permissions: &Value) {
    let manifest = json!({"exports": ["run"], "permissions": permissions});
    if engine == "quickjs" {
        return world.skill("maker", manifest, CODE);
    }
    let mut manifest = manifest;
    manifest["engine"] = json!("native");
    manifest["protocol"] = json!("argv");
    world.program("maker", manifest, "run", SCRIPT);
}

async fn trace(world: &World, access: FileAccess) -> Result<TraceReport, ErrorReport> {
    let call = ExecRequest {
        skill: "maker".parse().unwrap(),
        method: "run".to_owned(),
        args: Arguments::Positional(Vec::new()),
        timeout_seconds: None,
        correlation_id: None,
        agent: None,
    };
    world
        .runtime
        .trace(
            &world.context("shell"),
            TraceRequest { call, access },
            &world.events(),
        )
        .await
}

async fn traced(world: &World) -> TraceReport {
    let report = trace(world, FileAccess::Write).await.unwrap();
    assert!(report.exec.outcome.is_ok(), "{report:?}");
    report
}

async fn reload(world: &World) {
    let context = world.context("shell");
    let skill = "maker".parse().unwrap();
    world.runtime.discover(&context, Vec::new()).await.unwrap();
    world
        .runtime
        .reload(&context, &skill, &world.events())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_made_by_tracing_is_enough_and_not_too_much() {
    for engine in ["quickjs", "native"] {
        let world = world();
        world.trust_workspace().await;
        install(&world, engine, &json!([]));
        let report = traced(&world).await;
        let permissions = serde_json::to_value(&report.permissions).unwrap();
        assert_eq!(
            permissions,
            json!([
                {"type": "filesystem", "paths": ["./docs", "./one/a"], "access": "read"},
                {"type": "filesystem", "paths": ["./out"], "access": "write"},
            ]),
            "{engine}: {report:?}"
        );
        assert_eq!(report.missing.len(), 3, "{engine}: {report:?}");
        assert_eq!(report.unused, []);
        assert!(report.observed.iter().all(|one| one.allowed), "{report:?}");

        // Having been traced grants nothing.
        let code = world.code("maker", "run", json!([])).await;
        assert_eq!(code, ErrorCode::SecurityViolation, "{engine}");

        install(&world, engine, &permissions);
        reload(&world).await;
        world.heard();
        world.value("maker", "run", json!([])).await;
        let refused = |event: &Event| matches!(event, Event::Violation(_));
        assert!(!world.heard().iter().any(refused), "{engine}");
        let report = traced(&world).await;
        assert_eq!(
            (report.unused, report.missing),
            (vec![], vec![]),
            "{engine}"
        );
        world.runtime.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_in_vain_and_what_is_refused_is_told() {
    let world = world();
    world.trust_workspace().await;
    install(
        &world,
        "quickjs",
        &json!([
            {"type": "filesystem", "paths": ["./docs", "./unused"], "access": "read"},
            {"type": "filesystem", "paths": ["./one"], "access": "read"},
        ]),
    );
    // It may not write, so that is as far as it comes.
    let report = trace(&world, FileAccess::Read).await.unwrap();
    let error = report.exec.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SecurityViolation);
    assert_eq!(report.observed.iter().filter(|one| !one.allowed).count(), 1);
    assert!(!world.workspace().join("out/new").exists());
    let text = |permissions| serde_json::to_value::<Vec<_>>(permissions).unwrap();
    assert_eq!(
        text(report.unused),
        json!([{"type": "filesystem", "paths": ["./unused"], "access": "read"}])
    );
    assert_eq!(
        text(report.missing),
        json!([{"type": "filesystem", "paths": ["./out"], "access": "write"}])
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_skill_may_change_is_not_changed_for_tracing_either() {
    let world = world();
    world.trust_workspace().await;
    world.skill(
        "maker",
        json!({"exports": ["run"]}),
        "const fs = require('fs');
         exports.run = () => ['.git/hook', 'skills/maker/index.js', 'new'].map(path => {
             try { fs.writeFileSync(path, 'x'); return 'written'; } catch (error) { return error.code; }
         });",
    );
    let report = traced(&world).await;
    assert_eq!(
        report.exec.outcome.unwrap(),
        json!(["EACCES", "EACCES", "EACCES"])
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_traced_where_the_workspace_is_not_trusted() {
    let world = world();
    install(&world, "quickjs", &json!([]));
    let error = trace(&world, FileAccess::Read).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::PermissionRequired);
    assert_eq!(error.context["needs"], "workspace");
    world.runtime.shutdown().await;
}
