//! Calls: results, arguments, errors, permissions.

use mycelium_protocol::Event;
use mycelium_protocol::MAX_NESTING;
use mycelium_protocol::check_nesting;
use mycelium_types::ErrorCode;
use serde_json::json;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn state_lasts_from_call_to_call_and_belongs_to_a_session() {
    let world = World::new();
    world.skill(
        "counter",
        json!({"exports": ["next"]}),
        "module.exports = { onInit() { this.count = 0 }, next() { return ++this.count } }",
    );
    assert_eq!(world.value("counter", "next", json!([])).await, json!(1));
    assert_eq!(world.value("counter", "next", json!([])).await, json!(2));
    let other = world.exec("other", "counter", "next", json!([])).await;
    assert_eq!(other.outcome, Ok(json!(1)));
    world.runtime.end_session("other").await;
    let other = world.exec("other", "counter", "next", json!([])).await;
    assert_eq!(other.outcome, Ok(json!(1)));
    assert_eq!(world.value("counter", "next", json!([])).await, json!(3));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_code_message_and_the_skills_own_line() {
    let world = World::new();
    world.skill(
        "faulty",
        json!({"exports": ["fail", "text", "nothing"]}),
        "module.exports = {\n  fail() {\n    throw new TypeError('on purpose');\n  },\n  text() { throw 'just text' },\n  nothing() { throw undefined }\n};\n",
    );
    let report = world.exec("shell", "faulty", "fail", json!([])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SkillExecutionError);
    assert_eq!(error.context["reason"], "on purpose");
    assert_eq!(error.context["error"], "TypeError");
    let stack = error.stack.unwrap();
    let place = world.workspace().join("skills/faulty/index.js");
    assert!(
        stack.contains(&format!("({}:3:", place.display())),
        "{stack}"
    );
    assert!(world.heard().iter().any(|event| matches!(
        event,
        Event::Failed { message, .. } if message == "on purpose"
    )));
    let report = world.exec("second", "faulty", "text", json!([])).await;
    assert_eq!(report.outcome.unwrap_err().context["reason"], "just text");
    let report = world.exec("third", "faulty", "nothing", json!([])).await;
    assert_eq!(
        report.outcome.unwrap_err().code,
        ErrorCode::SkillExecutionError
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_no_result() {
    let world = World::new();
    world.skill(
        "results",
        json!({
            "exports": ["cycle", "big", "nothing", "never", "large", "nested", "exit"],
            // The deepest result takes long on a machine that is busy.
            "limits": {"outputMB": 1, "wallSeconds": 120, "cpuSeconds": 120}
        }),
        "module.exports = {
            cycle() { const a = {}; a.a = a; return a },
            big() { return 10n },
            nothing() {},
            never() { return new Promise(() => {}) },
            large() { return 'x'.repeat(2 << 20) },
            nested(levels) { let value = 1; for (let i = 0; i < levels; i++) value = [value]; return value },
            exit() { process.exit(3) },
        }",
    );
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
    for (method, code) in [
        ("cycle", ErrorCode::ResultInvalid),
        ("big", ErrorCode::ResultInvalid),
        ("never", ErrorCode::SkillExecutionError),
        ("large", ErrorCode::OutputLimit),
        ("exit", ErrorCode::SkillExecutionError),
    ] {
        assert_eq!(
            world.code("results", method, json!([])).await,
            code,
            "{method}"
        );
    }
    assert_eq!(
        world.value("results", "nothing", json!([])).await,
        json!(null)
    );
    let deepest = world.value("results", "nested", json!([MAX_NESTING])).await;
    assert!(check_nesting(&deepest).is_ok());
    for levels in [MAX_NESTING + 1, 125, 200, 100_000] {
        assert_eq!(
            world.code("results", "nested", json!([levels])).await,
            ErrorCode::ResultInvalid,
            "{levels}"
        );
    }
    // The deepest result, as an argument of one more level.
    assert_eq!(
        world.code("results", "nested", json!([[deepest]])).await,
        ErrorCode::ArgumentsInvalid
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_nobody_granted_is_a_violation_and_leaks_nothing() {
    let world = World::new();
    fs_err::write(world.root().join("secret"), "the secret").unwrap();
    world.skill(
        "curious",
        json!({"exports": ["read", "quiet"], "permissions": [
            {"type": "filesystem", "paths": ["./output"], "access": "write"}
        ]}),
        "const fs = require('fs');
         module.exports = {
            read(path) { return fs.readFileSync(path, 'utf8') },
            quiet(path) { try { return fs.readFileSync(path, 'utf8') } catch { return 'none' } },
         }",
    );
    let secret = world.root().join("secret");
    for path in ["/etc/passwd", secret.to_str().unwrap(), "../secret"] {
        let report = world.exec("shell", "curious", "read", json!([path])).await;
        let text = format!("{report:?}");
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SecurityViolation, "{path}");
        assert_eq!(error.context["operation"], "read");
        assert!(
            !text.contains("root:") && !text.contains("the secret"),
            "{text}"
        );
    }
    let violations: Vec<_> = world
        .heard()
        .into_iter()
        .filter_map(|event| match event {
            Event::Violation(violation) => Some(violation),
            _ => None,
        })
        .collect();
    assert_eq!(violations.len(), 3);
    assert_eq!(violations[0].attempted, "/etc/passwd");
    assert!(
        violations[0].allowed.is_empty(),
        "the workspace is not trusted"
    );
    // A refusal the skill got over is no failure of the call.
    assert_eq!(
        world
            .value("curious", "quiet", json!(["/etc/passwd"]))
            .await,
        json!("none")
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_while_the_call_is_announced_is_the_calls_own() {
    let world = World::new();
    world.skill(
        "nosy",
        json!({"exports": ["fine", "fail"]}),
        "const fs = require('fs');
         module.exports = {
            onExecute() { try { fs.readFileSync('/etc/passwd') } catch {} },
            fine() { return 'fine' },
            fail() { throw new Error('for want of it') },
         }",
    );
    // The hook got over it, and so did the function.
    assert_eq!(world.value("nosy", "fine", json!([])).await, json!("fine"));
    let refused = |event: &Event| matches!(event, Event::Violation(_));
    assert_eq!(world.heard().iter().filter(|it| refused(it)).count(), 1);
    let report = world.exec("shell", "nosy", "fail", json!([])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SecurityViolation);
    assert_eq!(error.context["method"], "fail");
    assert_eq!(error.context["path"], "/etc/passwd");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_granted_and_not_there_is_just_not_there() {
    let world = World::new();
    world.skill(
        "reader",
        json!({"exports": ["read"], "permissions": [
            {"type": "filesystem", "paths": ["./settings.json"], "access": "read"}
        ]}),
        "const fs = require('fs');
         exports.read = (path) => { try { return fs.readFileSync(path, 'utf8') } catch (e) { return e.code } };",
    );
    world.trust_workspace().await;
    let args = json!(["settings.json"]);
    assert_eq!(world.value("reader", "read", args).await, json!("ENOENT"));
    let told = world.heard();
    assert!(
        !told.iter().any(|it| matches!(it, Event::Violation(_))),
        "{told:?}"
    );
    let args = json!(["other.json"]);
    assert_eq!(world.value("reader", "read", args).await, json!("EACCES"));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_workspace_grants_its_skills_the_paths_they_declare() {
    let world = World::new();
    world.skill(
        "writer",
        json!({"exports": ["write"], "permissions": [
            {"type": "filesystem", "paths": ["./output"], "access": "write"}
        ]}),
        "const fs = require('fs');
         exports.write = (path, text) => { fs.writeFileSync(path, text); return fs.readFileSync(path, 'utf8') }",
    );
    let args = json!(["output/new.txt", "hello"]);
    assert_eq!(
        world.code("writer", "write", args.clone()).await,
        ErrorCode::SecurityViolation
    );
    world.trust_workspace().await;
    // The instance that was started before starts anew by itself.
    assert_eq!(world.value("writer", "write", args).await, json!("hello"));
    let written = world.workspace().join("output/new.txt");
    assert_eq!(fs_err::read_to_string(&written).unwrap(), "hello");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs_err::metadata(&written).unwrap());
    let ours = std::os::unix::fs::MetadataExt::uid(&fs_err::metadata(world.root()).unwrap());
    assert_eq!(owner, ours, "the file belongs to the person who asked");
    assert_eq!(
        world
            .code("writer", "write", json!(["skills/writer/index.js", "x"]))
            .await,
        ErrorCode::SecurityViolation
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_suggest_the_nearest_and_arguments_are_checked() {
    let world = World::new();
    world.skill(
        "adder",
        json!({"exports": [{"name": "add", "parameters": {
            "type": "object", "required": ["a", "b"],
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}}
        }}]}),
        "exports.add = ({ a, b }) => a + b",
    );
    assert_eq!(
        world.value("adder", "add", json!({"a": 1, "b": 2})).await,
        json!(3)
    );
    assert_eq!(
        world.value("adder", "add", json!(["a=1", "b=2"])).await,
        json!(3)
    );
    assert_eq!(
        world.code("adder", "add", json!({"a": 1})).await,
        ErrorCode::ArgumentsInvalid
    );
    let report = world.exec("shell", "addr", "add", json!([])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SkillNotFound);
    assert_eq!(error.context["suggestion"], "adder");
    let report = world.exec("shell", "adder", "ad", json!([])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::MethodNotFound);
    assert_eq!(error.context["suggestion"], "add");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_all_come_back() {
    let world = std::sync::Arc::new(World::new());
    world.skill(
        "counter",
        json!({"exports": ["next"]}),
        "let count = 0; exports.next = async () => { await null; return ++count }",
    );
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let world = std::sync::Arc::clone(&world);
            let session = format!("session-{}", number % 5);
            tokio::spawn(async move { world.exec(&session, "counter", "next", json!([])).await })
        })
        .collect();
    let mut seen = Vec::new();
    for call in calls {
        seen.push(call.await.unwrap().outcome.unwrap().as_u64().unwrap());
    }
    seen.sort_unstable();
    let expected: Vec<u64> = (1..=40).flat_map(|count| [count; 5]).collect();
    assert_eq!(seen, expected);
    world.runtime.shutdown().await;
}
