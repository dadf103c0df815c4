//! What a traced skill was seen to need is what it runs with.

use mycelium_protocol::Event;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::TraceReport;
use mycelium_protocol::control::TraceRequest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::FileAccess;
use mycelium_types::Permission;
use serde_json::Value;
use serde_json::json;

use super::secrets;
use super::secrets::Server;
use super::servers;
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
    trace_in(world, &world.context("shell"), access).await
}

async fn trace_in(
    world: &World,
    context: &RequestContext,
    access: FileAccess,
) -> Result<TraceReport, ErrorReport> {
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
        .trace(context, TraceRequest { call, access }, &world.events())
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
async fn what_never_ran_is_an_error_and_not_a_skill_that_needs_nothing() {
    let world = world();
    world.trust_workspace().await;
    let text = json!({"name": "run", "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}});
    for (exports, code, expected) in [
        (
            json!(["walk"]),
            "exports.walk = () => 1;",
            ErrorCode::MethodNotFound,
        ),
        (
            json!([text]),
            "exports.run = () => 1;",
            ErrorCode::ArgumentsInvalid,
        ),
        (
            json!(["run"]),
            "exports.run = () => {",
            ErrorCode::SkillLoadError,
        ),
    ] {
        world.skill("maker", json!({"exports": exports}), code);
        let context = world.context("shell");
        world.runtime.discover(&context, Vec::new()).await.unwrap();
        let error = trace(&world, FileAccess::Read).await.unwrap_err();
        assert_eq!(error.code, expected, "{error:?}");
    }
    // What was seen before a skill failed to load is worth a report.
    let code = "require('fs').readFileSync('docs/a'); throw new Error('on purpose');";
    world.skill("maker", json!({"exports": ["run"]}), code);
    let context = world.context("shell");
    world.runtime.discover(&context, Vec::new()).await.unwrap();
    let report = trace(&world, FileAccess::Read).await.unwrap();
    assert!(report.exec.outcome.is_err(), "{report:?}");
    assert_eq!(report.observed.len(), 1, "{report:?}");
    world.runtime.shutdown().await;
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

/// Puts a skill with this code there, and grants it what it asks for.
async fn grant(world: &World, permissions: &Value, code: &str) {
    let manifest = json!({"exports": ["run"], "permissions": permissions});
    world.skill("maker", manifest, code);
    let context = world.context("shell");
    world.runtime.discover(&context, Vec::new()).await.unwrap();
    if *permissions != json!([]) {
        world.trust("maker").await;
    }
}

fn lines(permissions: &[Permission]) -> Value {
    serde_json::to_value(permissions).unwrap()
}

/// What was seen beside files, and whether it was allowed.
fn uses(report: &TraceReport) -> Vec<(&str, bool)> {
    let observed = report.observed.iter();
    observed
        .filter(|one| !one.what.starts_with('/'))
        .map(|one| (one.what.as_str(), one.allowed))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_servers_are_seen_granted_or_not() {
    let (world, parrots) = servers::world();
    world.trust_workspace().await;
    let code = "const { mcp } = require('mycelium');
        const tried = async (work) => { try { return await work(); } catch (error) { return error.code; } };
        exports.run = async () => [
            await tried(() => mcp.call('polly', 'say')), await tried(() => mcp.call('polly', 'bite')),
            await tried(() => mcp.tools('coco')),
        ];";
    grant(&world, &json!([]), code).await;
    let report = traced(&world).await;
    let needed = json!([
        {"type": "mcp", "servers": ["coco"]},
        {"type": "mcp", "servers": ["polly"], "tools": ["bite", "say"]},
    ]);
    assert_eq!(lines(&report.permissions), needed, "{report:?}");
    assert_eq!(
        uses(&report),
        [("polly/say", false), ("polly/bite", false), ("coco", false)]
    );
    assert_eq!(report.exec.outcome.unwrap()[0], json!("SECURITY_VIOLATION"));
    // Being traced grants nothing: no server was asked.
    assert_eq!(parrots.0.lock().unwrap().len(), 0);

    let some = json!([{"type": "mcp", "servers": ["polly"], "tools": ["say", "fly"]}]);
    grant(&world, &some, code).await;
    let report = traced(&world).await;
    assert_eq!(
        uses(&report),
        [("polly/say", true), ("polly/bite", false), ("coco", false)]
    );
    assert_eq!(lines(&report.permissions), needed);
    assert_eq!(
        lines(&report.unused),
        json!([{"type": "mcp", "servers": ["polly"], "tools": ["fly"]}])
    );
    assert_eq!(
        lines(&report.missing),
        json!([
            {"type": "mcp", "servers": ["coco"]},
            {"type": "mcp", "servers": ["polly"], "tools": ["bite"]},
        ])
    );

    grant(&world, &needed, code).await;
    let report = traced(&world).await;
    assert!(report.observed.iter().all(|one| one.allowed), "{report:?}");
    assert_eq!(lines(&report.permissions), needed);
    assert_eq!((report.unused, report.missing), (vec![], vec![]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_skills_are_seen_and_what_these_do_is_not_the_callers() {
    let world = World::new();
    world.trust_workspace().await;
    fs_err::write(world.workspace().join("private"), "x").unwrap();
    world.skill(
        "other",
        json!({"exports": ["run"]}),
        "exports.run = () => {
             try { return require('fs').readFileSync('private', 'utf8'); } catch (error) { return error.code; }
         };",
    );
    let code = "const { call } = require('mycelium');
        const tried = async (name) => { try { return await call(name, 'run'); } catch (error) { return error.code; } };
        exports.run = async () => [await tried('other'), await tried('none')];";
    grant(&world, &json!([]), code).await;
    let report = traced(&world).await;
    assert_eq!(uses(&report), [("other", false), ("none", false)]);
    assert_eq!(
        lines(&report.permissions),
        json!([{"type": "skill", "skills": ["none", "other"]}])
    );

    let declared = json!([{"type": "skill", "skills": ["other@^1", "spare"]}]);
    grant(&world, &declared, code).await;
    world.heard();
    let report = traced(&world).await;
    let of_other =
        |event: &Event| matches!(event, Event::Violation(it) if it.skill.as_str() == "other");
    assert!(world.heard().iter().any(of_other));
    assert_eq!(uses(&report), [("other", true), ("none", false)]);
    assert_eq!(
        lines(&report.permissions),
        json!([{"type": "skill", "skills": ["none", "other@^1"]}])
    );
    assert_eq!(
        lines(&report.unused),
        json!([{"type": "skill", "skills": ["spare"]}])
    );
    assert_eq!(
        lines(&report.missing),
        json!([{"type": "skill", "skills": ["none"]}])
    );
    assert_eq!(
        report.exec.outcome.unwrap(),
        json!(["EACCES", "SECURITY_VIOLATION"])
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_seen_where_they_are_sent() {
    let host = Server::start();
    let world = World::new();
    world.trust_workspace().await;
    secrets::store(&world, "TOKEN", "a value that is long enough");
    let code = format!(
        "exports.run = async () => {{
             const headers = {{ authorization: `Bearer ${{process.env.TOKEN}}` }};
             try {{ return await (await fetch('http://{}/', {{ headers }})).text(); }} catch {{ return 'failed'; }}
         }};",
        host.place
    );
    let of_secrets = |permissions: &[Permission]| {
        let all = permissions.iter();
        let of_secrets: Vec<_> = all.filter(|one| one.kind() == "secret").collect();
        serde_json::to_value(of_secrets).unwrap()
    };
    // It looked for a variable of a name that a secret has: which host it is for is not known before it is granted.
    grant(&world, &json!([]), &code).await;
    let report = traced(&world).await;
    assert_eq!(uses(&report)[0], ("secret TOKEN", false), "{report:?}");
    let unbound = json!([{"type": "secret", "names": ["TOKEN"]}]);
    assert_eq!(of_secrets(&report.permissions), unbound);
    assert_eq!(of_secrets(&report.missing), unbound);
    assert_eq!(report.exec.outcome.unwrap(), json!("failed"));

    let network = json!({"type": "network", "hosts": [host.place]});
    let sent = format!("{} with secret TOKEN", host.place);
    let elsewhere = json!({"type": "secret", "names": ["TOKEN"], "hosts": ["other.test"]});
    let bound = json!([{"type": "secret", "names": ["TOKEN"], "hosts": [host.place]}]);
    grant(&world, &json!([network, elsewhere]), &code).await;
    let report = traced(&world).await;
    assert!(
        uses(&report).contains(&(sent.as_str(), false)),
        "{report:?}"
    );
    assert_eq!(of_secrets(&report.missing), bound);
    assert_eq!(of_secrets(&report.unused), json!([elsewhere]));

    grant(&world, &json!([network, bound[0]]), &code).await;
    let report = traced(&world).await;
    assert!(uses(&report).contains(&(sent.as_str(), true)), "{report:?}");
    assert_eq!(of_secrets(&report.permissions), bound);
    assert_eq!((report.unused, report.missing), (vec![], vec![]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_seen_that_are_there_or_asked_for() {
    let world = World::new();
    world.trust_workspace().await;
    let mut context = world.context("shell");
    for name in ["STAGE", "MINE", "UNREAD"] {
        let (name, value) = (name.to_owned(), "blue".to_owned());
        context.environment.insert(name, value);
    }
    let code = "exports.run = () => {
        process.env.MINE = 'own';
        Object.create(process.env).STRAY = 'none of it';
        const { STAGE, ABSENT, HOME, MINE } = process.env;
        return [STAGE ?? null, ABSENT ?? null, typeof HOME, MINE, 'NOWHERE' in process.env, 'STRAY' in process.env];
    };";
    grant(&world, &json!([]), code).await;
    let report = trace_in(&world, &context, FileAccess::Read).await.unwrap();
    assert_eq!(uses(&report), [("environment STAGE", false)]);
    assert_eq!(
        lines(&report.permissions),
        json!([{"type": "environment", "variables": ["STAGE"]}])
    );
    assert_eq!(
        report.exec.outcome.unwrap(),
        json!([null, null, "string", "own", false, false])
    );

    let declared = json!([{"type": "environment", "variables": ["STAGE", "UNREAD", "ABSENT"]}]);
    grant(&world, &declared, code).await;
    let report = trace_in(&world, &context, FileAccess::Read).await.unwrap();
    assert_eq!(
        uses(&report),
        [("environment STAGE", true), ("environment ABSENT", true)]
    );
    assert_eq!(
        lines(&report.permissions),
        json!([{"type": "environment", "variables": ["ABSENT", "STAGE"]}])
    );
    assert_eq!(
        lines(&report.unused),
        json!([{"type": "environment", "variables": ["UNREAD"]}])
    );
    assert_eq!(report.missing, []);
    assert_eq!(report.exec.outcome.unwrap()[0], json!("blue"));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_is_seen_when_it_is_looked_at() {
    let world = World::new();
    world.trust_workspace().await;
    let looks = "exports.run = () => require('mycelium').context.conversation;";
    let conversation = json!([{"type": "context", "fields": ["conversation"]}]);
    grant(&world, &json!([]), looks).await;
    let report = traced(&world).await;
    assert_eq!(uses(&report), [("context conversation", false)]);
    assert_eq!(lines(&report.missing), conversation);
    assert_eq!(lines(&report.permissions), conversation);

    let declared = json!([{"type": "context", "fields": ["conversation", "agent"]}]);
    grant(&world, &declared, looks).await;
    let report = traced(&world).await;
    assert_eq!(uses(&report), [("context conversation", true)]);
    let agent = json!({"type": "context", "fields": ["agent"]});
    assert_eq!(lines(&report.permissions), json!([conversation[0], agent]));
    // Every skill is told who asks.
    assert_eq!(lines(&report.unseen), json!([agent]));
    assert_eq!((report.unused, report.missing), (vec![], vec![]));

    let looks_elsewhere = "exports.run = () => require('mycelium').context.agent;";
    grant(&world, &declared, looks_elsewhere).await;
    let report = traced(&world).await;
    assert_eq!(lines(&report.unused), conversation);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_see_of_a_program_is_kept_and_named() {
    let world = world();
    world.trust_workspace().await;
    let declared = json!([
        {"type": "environment", "variables": ["STAGE", "OTHER"]},
        {"type": "context", "fields": ["conversation"]},
    ]);
    install(&world, "native", &declared);
    world.trust("maker").await;
    let report = traced(&world).await;
    assert_eq!(lines(&report.unseen), declared);
    let written = lines(&report.permissions);
    let written = written.as_array().unwrap();
    assert!(
        written.ends_with(declared.as_array().unwrap()),
        "{report:?}"
    );
    assert_eq!(report.unused, []);
    world.runtime.shutdown().await;
}
