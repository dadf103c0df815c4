//! What skills ask of their runtime, in the real sandbox.

use std::path::Path;
use std::path::PathBuf;

use mycelium_protocol::Event;
use mycelium_protocol::control::AgentContext;
use mycelium_protocol::control::AgentIdentity;
use mycelium_protocol::control::ExecRequest;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

use super::native::cannot_run;
use super::world::World;

/// A skill that evaluates what it is called with.
const EVALUATE: &str = "const AsyncFunction = (async () => {}).constructor;
    exports.run = (text, ...rest) => new AsyncFunction('mycelium', 'rest', 'require', text)(require('mycelium'), rest, require);";

fn evaluator(world: &World, name: &str, more: Value) {
    let mut manifest = json!({"exports": ["run"]});
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    world.skill(name, manifest, EVALUATE);
}

impl World {
    async fn run(&self, skill: &str, text: &str) -> Value {
        self.value(skill, "run", json!([text])).await
    }

    fn kept(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs_err::read_dir(self.state().join("kv")) else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|it| it == "sqlite3"))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_skill_keeps_is_its_own_and_outlives_it() {
    let world = World::new();
    for name in ["one", "two"] {
        evaluator(&world, name, json!({}));
    }
    assert!(world.kept().is_empty());
    let text = "await mycelium.kv.set('a', { n: 1 }); return [await mycelium.kv.list(), await mycelium.kv.get('b') ?? null]";
    assert_eq!(world.run("one", text).await, json!([["a"], null]));
    assert_eq!(
        world.run("two", "return mycelium.kv.list()").await,
        json!([])
    );
    let context = world.context("shell");
    let name = "one".parse().unwrap();
    world
        .runtime
        .unload(&context, &name, &world.events())
        .await
        .unwrap();
    // Another session is another instance, of the same skill.
    let report = world
        .exec(
            "other",
            "one",
            "run",
            json!(["return mycelium.kv.get('a')"]),
        )
        .await;
    assert_eq!(report.outcome.unwrap(), json!({"n": 1}));
    // Nobody but the daemon sees the files.
    assert_eq!(world.kept().len(), 2);
    let look = format!("return require('fs').readdirSync({:?})", world.state());
    assert_eq!(
        world.code("one", "run", json!([look])).await,
        ErrorCode::SecurityViolation
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_of_two_sessions_lose_nothing() {
    let world = World::new();
    evaluator(&world, "counter", json!({}));
    let text = "for (let round = 0; round < 20; round++) {
        await mycelium.kv.transaction(async (tx) => tx.set('n', ((await tx.get('n')) ?? 0) + 1));
      }";
    let (one, two) = tokio::join!(
        world.exec("one", "counter", "run", json!([text])),
        world.exec("two", "counter", "run", json!([text])),
    );
    one.outcome.unwrap();
    two.outcome.unwrap();
    assert_eq!(
        world.run("counter", "return mycelium.kv.get('n')").await,
        json!(40)
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_lists_sees_that_what_it_read_before_has_changed() {
    let world = World::new();
    evaluator(&world, "counter", json!({}));
    let text = "const { kv } = mycelium;
        let tries = 0;
        await kv.transaction(async (tx) => {
          const n = (await tx.get('n')) ?? 0;
          if (tries++ === 0) await kv.set('n', 10);
          await tx.list();
          tx.set('n', n + 1);
        });
        return [tries, await kv.get('n')]";
    assert_eq!(world.run("counter", text).await, json!([2, 11]));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_it_may_keep_is_an_error_that_says_what_to_do() {
    let world = World::new();
    evaluator(&world, "hoarder", json!({"limits": {"dataMB": 1}}));
    let text = "const half = 'x'.repeat(600000); await mycelium.kv.set('a', half);
        try { await mycelium.kv.set('b', half); } catch (error) { return [error.code, error.message, await mycelium.kv.list()] }";
    let seen = world.run("hoarder", text).await;
    assert_eq!(seen[0], json!("DISK_LIMIT"));
    let message = seen[1].as_str().unwrap();
    for part in ["1 MB", "limits.dataMB", "security.maxDataMB"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(seen[2], json!(["a"]));
    for (text, part) in [
        (
            "await mycelium.kv.set('k'.repeat(1000), 1)",
            "bytes, more than 512",
        ),
        ("await mycelium.kv.set('', 1)", "empty"),
        (
            "await mycelium.kv.set('a', 'x'.repeat(2 ** 20))",
            "bytes of JSON",
        ),
        (
            "let deep = 0; for (let n = 0; n < 120; n++) deep = [deep]; await mycelium.kv.set('a', deep)",
            "nested deeper",
        ),
    ] {
        let caught =
            format!("try {{ {text} }} catch (error) {{ return [error.code, error.message] }}");
        let seen = world.run("hoarder", &caught).await;
        assert_eq!(seen[0], json!("HOST_CALL_INVALID"), "{seen}");
        assert!(seen[1].as_str().unwrap().contains(part), "{seen}");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_calls_at_once_are_answered() {
    let world = World::new();
    evaluator(&world, "eager", json!({}));
    let text = "await mycelium.kv.set('a', 1);
        const all = Array.from({ length: 10000 }, () => mycelium.kv.get('a'));
        return (await Promise.all(all)).length";
    assert_eq!(world.run("eager", text).await, json!(10_000));
    let used = world.entries("host-calls");
    let gets = used
        .iter()
        .find(|entry| entry.detail["function"] == "kv/get");
    assert_eq!(gets.unwrap().detail["times"], 10_000);
    assert_eq!(gets.unwrap().detail["call"], "run");
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_knows_its_settings_and_who_calls() {
    let world = World::new();
    world.trust_workspace().await;
    let config = json!({"type": "object", "properties": {
        "color": {"type": "string", "default": "blue"}, "size": {"type": "integer"},
        "key": {"type": "string", "secret": true}
    }});
    evaluator(&world, "curious", json!({"config": config}));
    world.configure(&json!({"skills": {"curious": {"size": 3, "key": "k-123"}}}));
    let seen = world
        .run(
            "curious",
            "const { config, settings, context } = mycelium; return [config, settings, context]",
        )
        .await;
    assert_eq!(seen[0], json!({"size": 3, "color": "blue"}));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(
        (&seen[2]["session"], &seen[2]["agent"], &seen[2]["export"]),
        (&json!("shell"), &json!(null), &json!("run"))
    );
    let request = ExecRequest {
        skill: "curious".parse().unwrap(),
        method: "run".to_owned(),
        args: serde_json::from_value(json!(["return mycelium.context"])).unwrap(),
        timeout_seconds: None,
        correlation_id: Some("trace-1".to_owned()),
        agent: Some(Box::new(AgentContext {
            identity: AgentIdentity {
                name: "an agent".to_owned(),
                version: "3".to_owned(),
            },
            roots: vec!["file:///elsewhere".to_owned()],
            conversation: Some(json!("private")),
        })),
    };
    let context = world.context("agent-1");
    let report = world
        .runtime
        .execute(&context, request, &world.events())
        .await;
    let told = report.outcome.unwrap();
    assert_eq!(told["agent"], json!({"name": "an agent", "version": "3"}));
    assert_eq!(
        (&told["session"], &told["trace"]),
        (&json!("agent-1"), &json!("trace-1"))
    );
    assert_eq!(
        told["roots"],
        json!([world.workspace(), "file:///elsewhere"])
    );
    assert!(
        told["call"].as_str().unwrap().starts_with("trace-1-"),
        "{told}"
    );
    world.runtime.shutdown().await;
}

/// A program that puts each of the frames it is called with on the wire, and gives what is answered to each.
const PIPE: &str = r#"#!/usr/bin/env python3
import json, os, struct
def read(n):
    data = b''
    while len(data) < n:
        part = os.read(3, n - len(data))
        if not part: os._exit(0)
        data += part
    return data
def receive(): return json.loads(read(struct.unpack('<I', read(4))[0]))
def send(message):
    text = json.dumps(message).encode()
    os.write(3, struct.pack('<I', len(text)) + text)
while True:
    request = receive()
    if request['method'] == 'load': result = {'hooks': []}
    else:
        answers = []
        for frame in request['params']['args']:
            frame['jsonrpc'] = '2.0'
            params = frame.get('params')
            if isinstance(params, dict): params['call'] = request['id'] + params.get('call', 0)
            send(frame)
            answer = receive()
            answers.append([answer['id'], answer.get('result'), (answer.get('error') or {}).get('data', {}).get('code')])
        result = {'value': answers + [request['params'].get('context', {}).get('export')]}
    send({'jsonrpc': '2.0', 'id': request['id'], 'result': result})
"#;

fn pipe(world: &World) {
    let manifest = json!({"engine": "native", "exports": ["run"]});
    world.program("pipe", manifest, "pipe.py", PIPE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_its_own_asks_in_the_same_way() {
    if !Path::new("/usr/bin/python3").exists() {
        return cannot_run("there is no /usr/bin/python3");
    }
    let world = World::new();
    pipe(&world);
    let frames = json!([
        {"id": 1, "method": "kv/commit", "params": {"writes": [{"set": {"key": "a", "value": [1]}}]}},
        {"id": 2, "method": "kv/get", "params": {"key": "a"}},
        {"id": 5, "method": "kv/get", "params": {"key": "a", "call": -1}},
        {"id": 6, "method": "kv/burn", "params": {}},
        {"id": 7, "method": "kv/get", "params": {"key": 5}},
        {"id": 8, "method": "kv/get"},
        {"id": 9, "method": "mcp/request", "params": {"operation": "servers"}},
        {"id": 10, "method": "mcp/request", "params": {"operation": "call-tool", "server": "time", "params": {"name": "now"}}},
        {"id": 11, "method": "mcp/request", "params": {"operation": "call-tool", "server": "time", "params": []}},
    ]);
    assert_eq!(
        world.value("pipe", "run", frames).await,
        json!([
            [1, {"committed": true, "revision": 1}, null],
            [2, {"value": [1], "version": 1}, null],
            [5, null, "CALL_ENDED"],
            [6, null, "HOST_CALL_INVALID"],
            [7, null, "HOST_CALL_INVALID"],
            [8, null, "HOST_CALL_INVALID"],
            [9, null, "HOST_CALL_INVALID"],
            [10, null, "SECURITY_VIOLATION"],
            [11, null, "HOST_CALL_INVALID"],
            "run"
        ])
    );
    let refused = world.heard().into_iter().find_map(|event| match event {
        Event::Violation(violation) => Some(violation),
        _ => None,
    });
    let refused = refused.unwrap();
    assert_eq!(refused.operation.as_str(), "call");
    assert_eq!(refused.attempted, "time/now");
    assert!(refused.permission.is_some());
    // What breaks the protocol ends the program.
    for frames in [
        json!([{"id": 1, "method": "kv/get", "params": {"key": "a", "call": 1}}]),
        json!([{"id": 1, "method": "kv/get", "params": {"key": "a"}}, {"id": 1, "method": "kv/get", "params": {"key": "a"}}]),
    ] {
        assert_eq!(
            world.code("pipe", "run", frames).await,
            ErrorCode::WorkerCrashed
        );
    }
    world.runtime.shutdown().await;
}

/// A skill that evaluates, and may call others.
async fn caller(world: &World, name: &str, skills: &[&str]) {
    let permissions = json!([{"type": "skill", "skills": skills}]);
    evaluator(world, name, json!({"permissions": permissions}));
    world.trust(name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_calls_another_one_that_it_was_granted() {
    let world = World::new();
    caller(&world, "a", &["b", "named@^1", "named@>=3"]).await;
    evaluator(&world, "b", json!({}));
    let manifest = json!({"exports": [{"name": "sum", "parameters": {"type": "object",
        "required": ["x"], "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0}}}}]});
    world.skill("named", manifest, "exports.sum = ({ x, y }) => [x, y]");
    let text = "const { call, context } = mycelium;
        const inner = await call('b', 'run', ['const { callers, session, trace, export: name } = mycelium.context; return { callers, session, trace, name }']);
        return [inner, context.trace, await call('named', 'sum', { x: 1, y: 2 })]";
    let report = world.exec("shell", "a", "run", json!([text])).await;
    let trace = report.correlation_id.clone();
    assert_eq!(
        report.outcome.unwrap(),
        json!([{"callers": ["a"], "session": "shell", "trace": trace, "name": "run"}, trace, [1, 2]])
    );
    let calls = world.entries("call");
    assert_eq!(calls.len(), 3);
    assert!(
        calls
            .iter()
            .all(|call| call.subject.correlation_id.as_deref() == Some(&*trace))
    );
    for (text, code) in [
        ("await call('b', 'none')", "METHOD_NOT_FOUND"),
        (
            "await call('b', 'run', ['throw new Error(1)'])",
            "SKILL_EXECUTION_ERROR",
        ),
        (
            "await call('named', 'sum', { x: 'one' })",
            "ARGUMENTS_INVALID",
        ),
        ("await call('named@^2', 'sum', { x: 1 })", "SKILL_NOT_FOUND"),
        ("await call('a', 'run', ['return 1'])", "SECURITY_VIOLATION"),
        ("await call('Not a name', 'run')", "HOST_CALL_INVALID"),
        ("await call('c', 'run')", "SECURITY_VIOLATION"),
    ] {
        let text = format!(
            "const {{ call }} = mycelium; try {{ {text} }} catch (error) {{ return error.code }}"
        );
        assert_eq!(world.run("a", &text).await, json!(code), "{text}");
    }
    let refused = world.heard().into_iter().filter_map(|event| match event {
        Event::Violation(violation) => Some((violation.attempted, violation.allowed)),
        _ => None,
    });
    let allowed: Vec<_> = ["b", "named@^1", "named@>=3"].map(str::to_owned).into();
    assert_eq!(
        refused.collect::<Vec<_>>(),
        [("a".to_owned(), allowed.clone()), ("c".to_owned(), allowed)]
    );
    let unasked = world
        .code("a", "run", json!(["await mycelium.call('c', 'run')"]))
        .await;
    assert_eq!(unasked, ErrorCode::SecurityViolation);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_in_no_circle_and_not_on_for_ever() {
    let world = World::new();
    let names: Vec<String> = (1..=9).map(|n| format!("s{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    // Each passes the rest of the list on to the first in it.
    let code = "exports.run = async (...rest) => {
        const [next, ...others] = rest;
        if (next === undefined) return 0;
        try { return 1 + await require('mycelium').call(next, 'run', others); }
        catch (error) { if (error.code.startsWith('CALL_')) return error.code + ': ' + error.message; throw error; }
      };";
    for name in &all {
        let permissions = json!([{"type": "skill", "skills": all}]);
        world.skill(
            name,
            json!({"exports": ["run"], "permissions": permissions}),
            code,
        );
        world.trust(name).await;
    }
    let rest: Vec<&str> = all[1..].to_vec();
    assert_eq!(world.value("s1", "run", json!(rest[..7])).await, json!(7));
    let deep = world.value("s1", "run", json!(rest)).await;
    let deep = deep.as_str().unwrap();
    assert!(
        deep.contains("CALL_DEPTH") && deep.contains("s8 → s9"),
        "{deep}"
    );
    for circle in [
        json!(["s1"]),
        json!(["s2", "s1"]),
        json!(["s2", "s3", "s2"]),
    ] {
        let told = world.value("s1", "run", circle).await;
        let told = told.as_str().unwrap();
        assert!(
            told.contains("CALL_CYCLE") && told.contains(" → "),
            "{told}"
        );
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_do_not_multiply_without_end() {
    let world = World::new();
    // Each calls the first in its list eight times at once, and gives the first answer; the last one does not end by itself.
    let code = "exports.run = async (...rest) => {
        const [next, ...others] = rest;
        if (next === undefined) return new Promise((resolve) => setTimeout(resolve, 60000));
        const call = () => require('mycelium').call(next, 'run', others);
        return Promise.race(Array.from({ length: 8 }, () => call().catch((error) => error.code)));
      };";
    for (name, skills) in [("a", &["b"][..]), ("b", &["c"]), ("c", &[])] {
        let mut manifest = json!({"exports": ["run"], "instance": "call"});
        if !skills.is_empty() {
            manifest["permissions"] = json!([{"type": "skill", "skills": skills}]);
        }
        world.skill(name, manifest, code);
        if !skills.is_empty() {
            world.trust(name).await;
        }
    }
    let told = world.value("a", "run", json!(["b", "c"])).await;
    assert_eq!(told, json!("OVERLOADED"));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_called_skill_has_no_more_time_than_its_caller() {
    let world = World::new();
    let permissions = json!([{"type": "skill", "skills": ["slow"]}]);
    evaluator(
        &world,
        "hasty",
        json!({"permissions": permissions, "limits": {"wallSeconds": 2}}),
    );
    world.trust("hasty").await;
    evaluator(&world, "slow", json!({}));
    let text = "return mycelium.call('slow', 'run', ['return new Promise((resolve) => setTimeout(resolve, 60000))'])";
    assert_eq!(
        world.code("hasty", "run", json!([text])).await,
        ErrorCode::SkillTimeout
    );
    // The one that was called has been ended, and starts anew.
    assert_eq!(world.run("slow", "return 1").await, json!(1));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_while_it_is_made() {
    let world = World::new();
    evaluator(&world, "busy", json!({}));
    let text = "const { progress } = mycelium; progress(1, 4, 'one'); progress(2); let refused = 0;
        for (const wrong of [[NaN], [-1], [1, 'x'], [1, 2, 3], []]) { try { progress(...wrong) } catch { refused++ } } return refused";
    assert_eq!(world.run("busy", text).await, json!(5));
    let told = world.heard().into_iter().filter_map(|event| match event {
        Event::Progress {
            done,
            total,
            message,
            ..
        } => Some((done, total, message)),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(1.0, Some(4.0), Some("one".to_owned())), (2.0, None, None)]
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_is_for_those_that_were_granted_it() {
    let world = World::new();
    evaluator(&world, "deaf", json!({}));
    let permissions = json!([{"type": "context", "fields": ["conversation"]}]);
    evaluator(&world, "keen", json!({"permissions": permissions}));
    world.trust("keen").await;
    for (skill, expected) in [("deaf", json!(null)), ("keen", json!([{"role": "user"}]))] {
        let request = ExecRequest {
            skill: skill.parse().unwrap(),
            method: "run".to_owned(),
            args: serde_json::from_value(json!(["return mycelium.context.conversation"])).unwrap(),
            timeout_seconds: None,
            correlation_id: None,
            agent: Some(Box::new(AgentContext {
                identity: AgentIdentity {
                    name: "an agent".to_owned(),
                    version: "3".to_owned(),
                },
                roots: Vec::new(),
                conversation: Some(json!([{"role": "user"}])),
            })),
        };
        let context = world.context("shell");
        let report = world
            .runtime
            .execute(&context, request, &world.events())
            .await;
        assert_eq!(report.outcome.unwrap(), expected, "{skill}");
    }
    // What was handed over is on record, with who has it.
    let handed = world.entries("host-calls").into_iter();
    let handed: Vec<_> = handed
        .map(|entry| (entry.subject.skill, entry.detail["function"].clone()))
        .collect();
    assert_eq!(
        handed,
        [(Some("keen".parse().unwrap()), json!("context/conversation"))]
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_skill_uses_of_its_runtime_is_on_record_by_function() {
    let world = World::new();
    let config =
        json!({"type": "object", "properties": {"size": {"type": "integer", "default": 1}}});
    evaluator(&world, "busy", json!({"config": config}));
    fs_err::write(world.workspace().join("skills/busy/list.json"), "[1]").unwrap();
    let text = "const { assets, config, kv, log, progress } = mycelium;
        log.info('one'); console.log('two'); log.warn('three', { fields: 1 });
        progress(1, 2); progress(2, 2);
        await kv.set('a', config.size);
        const caught = await assets.text('../busy2/skill.json').catch((error) => error.code);
        return [await assets.json('list.json'), assets.path('list.json').endsWith('busy/list.json'), caught]";
    assert_eq!(
        world.run("busy", text).await,
        json!([[1], true, "HOST_CALL_INVALID"])
    );
    let used = world.entries("host-calls").into_iter();
    let used: Vec<_> = used
        .map(|entry| {
            let part = |name: &str| entry.detail[name].clone();
            json!([
                part("call"),
                part("function"),
                part("times"),
                part("failed")
            ])
        })
        .collect();
    assert_eq!(
        used,
        [
            json!(["load", "config", 1, 0]),
            json!(["run", "assets", 3, 1]),
            json!(["run", "kv/commit", 1, 0]),
            json!(["run", "log", 3, 0]),
            json!(["run", "progress", 2, 0]),
        ]
    );
    // The next call has used nothing.
    world.run("busy", "return 1").await;
    assert_eq!(world.entries("host-calls").len(), used.len());
    world.runtime.shutdown().await;
}

/// Makes a call that goes away once the skill has said that it runs.
async fn cancelled(world: &World, skill: &str, text: &str) {
    let request = ExecRequest {
        skill: skill.parse().unwrap(),
        method: "run".to_owned(),
        args: serde_json::from_value(json!([text])).unwrap(),
        timeout_seconds: None,
        correlation_id: None,
        agent: None,
    };
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let events: mycelium_runtime::EventSink = std::sync::Arc::new(move |event| {
        if let Event::Console { text, .. } = event {
            let _ = told.send(text);
        }
    });
    let context = world.context("shell");
    tokio::select! {
        report = world.runtime.execute(&context, request, &events) => panic!("{report:?}"),
        line = hears.recv() => assert_eq!(line.as_deref(), Some("runs")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_that_listens_ends_a_cancelled_call_itself_and_stays() {
    let world = World::new();
    evaluator(&world, "polite", json!({}));
    let text = "const { kv, log, signal } = mycelium;
        await kv.set('state', 'running'); const gone = new Promise((resolve) => signal.addEventListener('abort', resolve));
        const timer = setInterval(() => {}, 1000); log.info('runs'); await gone; clearInterval(timer);
        await kv.set('state', signal.reason.name); return 'for nobody'";
    let mut stays = false;
    // On a machine that stands still, the second that it has may be over before it hears of it.
    for _ in 0..5 {
        let keep = "globalThis.kept = 1; return mycelium.signal.aborted";
        assert_eq!(world.run("polite", keep).await, json!(false));
        cancelled(&world, "polite", text).await;
        let look =
            "return [globalThis.kept, await mycelium.kv.get('state'), mycelium.signal.aborted]";
        let seen = world.run("polite", look).await;
        stays = seen == json!([1, "AbortError", false]);
        if stays {
            break;
        }
        // It was ended, and started anew.
        assert_eq!(seen[0], json!(null));
    }
    assert!(stays);
    let interrupted = world
        .entries("call")
        .iter()
        .any(|call| call.detail["outcome"] == "INTERRUPTED");
    assert!(interrupted);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_that_does_not_end_is_ended_and_so_is_what_it_called() {
    let world = World::new();
    caller(&world, "stubborn", &["other"]).await;
    evaluator(&world, "other", json!({}));
    for text in [
        "await mycelium.kv.get('half'); mycelium.log.info('runs'); setTimeout(() => { for (;;); }, 0); return new Promise(() => {})",
        "mycelium.log.info('runs'); return new Promise((resolve) => setTimeout(resolve, 60000))",
        "await mycelium.kv.transaction(async (tx) => { tx.set('half', 1); mycelium.log.info('runs'); await new Promise((resolve) => setTimeout(resolve, 60000)) })",
    ] {
        world.run("stubborn", "globalThis.kept = 1; return 1").await;
        cancelled(&world, "stubborn", text).await;
        assert_eq!(
            world.run("stubborn", "return typeof kept").await,
            json!("undefined"),
            "{text}"
        );
    }
    let asked = world.entries("host-calls").into_iter();
    let asked: Vec<_> = asked
        .map(|entry| entry.detail["function"].clone())
        .collect();
    assert_eq!(
        asked,
        [
            "kv/get", "log", "signal", // the first one
            "log", "signal", // the second one
            "log", "signal", // the third one, which has written nothing
        ]
    );
    world.run("other", "globalThis.kept = 1; return 1").await;
    let text = "return mycelium.call('other', 'run', ['mycelium.log.info(\"runs\"); return new Promise((resolve) => setTimeout(resolve, 60000))'])";
    cancelled(&world, "stubborn", text).await;
    assert_eq!(
        world.run("other", "return typeof kept").await,
        json!("undefined")
    );
    assert_eq!(
        world.run("stubborn", "return mycelium.kv.list()").await,
        json!([])
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_that_is_checked_gets_nothing_that_it_was_granted() {
    let world = World::new();
    // Gives itself away where it gets something while it is loaded.
    let code = "const { mcp, call, kv } = require('mycelium');
        let readable = false;
        try { readable = require('fs').readdirSync('data').length > 0; } catch {}
        if (readable || process.env.TOKEN !== undefined) throw new Error('It has what it was granted.');
        const ignore = () => {};
        for (const ask of [() => mcp.call('files', 'read'), () => call('other', 'run'), () => kv.set('k', 1)]) ask().then(() => { process.exit(3); }, ignore);
        exports.run = () => [readable, process.env.TOKEN];";
    let permissions = json!([
        {"type": "filesystem", "access": "read", "paths": ["./data"]},
        {"type": "environment", "variables": ["TOKEN"]},
        {"type": "mcp", "servers": ["files"]},
        {"type": "skill", "skills": ["other"]},
    ]);
    let manifest = json!({"exports": ["run"], "permissions": permissions});
    world.skill("curious", manifest, code);
    fs_err::create_dir(world.workspace().join("data")).unwrap();
    fs_err::write(world.workspace().join("data/a"), "a").unwrap();
    world.trust("curious").await;
    let mut context = world.context("shell");
    context
        .environment
        .insert("TOKEN".to_owned(), "t".to_owned());
    let folder = world.workspace().join("skills/curious");
    let checked = world.runtime.validate(&context, &folder).await.unwrap();
    assert_eq!(checked.diagnostics, []);
    world.runtime.shutdown().await;
}
