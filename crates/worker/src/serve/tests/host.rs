//! What a skill asks of its runtime, as the runtime sees it.

use mycelium_protocol::worker::AgentIdentity;
use mycelium_protocol::worker::CallContext;
use mycelium_protocol::worker::CallParams;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HostAnswer;
use mycelium_protocol::worker::HostCall;
use mycelium_protocol::worker::KvCommit;
use mycelium_protocol::worker::KvWrite;
use mycelium_protocol::worker::MAX_HOST_CALLS;
use mycelium_protocol::worker::Request;
use serde_json::Value;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::fixture::Fixture;
use super::fixture::value;

/// Evaluates what it is called with.
const EVALUATE: &str = "const AsyncFunction = (async () => {}).constructor;
    exports.run = (text) => new AsyncFunction('mycelium', 'require', text)(require('mycelium'), require);";

fn evaluator() -> Fixture {
    Fixture::skill(EVALUATE, &["run"])
}

fn start(fixture: &mut Fixture, text: &str) -> u64 {
    fixture.send(Request::Call(Fixture::call_request("run", &json!([text]))))
}

fn asked(fixture: &mut Fixture) -> (u64, HostCall) {
    let frame = fixture.next_frame();
    let (id, call) = HostCall::from_frame(&frame).unwrap_or_else(|| panic!("no call: {frame:?}"));
    (id, call.unwrap())
}

fn answer(fixture: &mut Fixture, id: u64, outcome: Result<Value, Failure>) {
    let outcome = outcome.map(|value| to_raw_value(&value).unwrap());
    fixture.send_frame(&HostAnswer { id, outcome }.into_frame());
}

fn finish(fixture: &mut Fixture) -> Value {
    let (_, result) = fixture.receive();
    let result = result.map_err(|error| error.message);
    value(&result.unwrap())
}

fn commit(call: HostCall) -> KvCommit {
    match call {
        HostCall::KvCommit(commit) => commit,
        other => panic!("{other:?}"),
    }
}

fn refusal() -> Failure {
    Failure {
        kind: FailureKind::Host,
        message: "Too much. Keep less.".to_owned(),
        name: Some("HostError".to_owned()),
        code: Some("DISK_LIMIT".to_owned()),
        stack: None,
        transient: false,
    }
}

#[test]
fn values_go_out_and_come_back() {
    let mut fixture = evaluator();
    let call = start(
        &mut fixture,
        "const { kv } = mycelium;
         await kv.set('a', { __proto__: null, ['__proto__']: 1, text: '\\ud800' });
         const value = await kv.get('a');
         return [Object.keys(value), Object.getPrototypeOf(value) === Object.prototype, await kv.get('b'), await kv.has('b'), await kv.list('x/', { limit: 5 })];",
    );
    let (id, asked_for) = asked(&mut fixture);
    assert_eq!(asked_for.call(), call);
    let KvWrite::Set { key, value } = &commit(asked_for).writes[0] else {
        panic!("no write");
    };
    assert_eq!(
        (key.as_str(), value.get()),
        ("a", "{\"__proto__\":1,\"text\":\"\u{fffd}\"}")
    );
    answer(
        &mut fixture,
        id,
        Ok(json!({"committed": true, "revision": 1})),
    );
    let (id, asked_for) = asked(&mut fixture);
    assert!(matches!(asked_for, HostCall::KvGet(get) if get.key == "a"));
    let kept = json!({"value": {"__proto__": {"polluted": 1}, "b": 2}, "version": 1});
    answer(&mut fixture, id, Ok(kept));
    for _ in 0..2 {
        let (id, _) = asked(&mut fixture);
        answer(&mut fixture, id, Ok(json!({"version": 0})));
    }
    let (id, asked_for) = asked(&mut fixture);
    assert!(
        matches!(asked_for, HostCall::KvList(list) if list.prefix == "x/" && list.limit == Some(5))
    );
    answer(
        &mut fixture,
        id,
        Ok(json!({"keys": ["x/1"], "more": false, "revision": 1})),
    );
    assert_eq!(
        finish(&mut fixture),
        json!([["__proto__", "b"], true, null, false, ["x/1"]])
    );
    fixture.close();
}

#[test]
fn a_transaction_writes_what_it_read_or_runs_again() {
    let mut fixture = evaluator();
    start(
        &mut fixture,
        "let runs = 0;
         const result = await mycelium.kv.transaction(async (tx) => {
           runs++;
           const n = (await tx.get('n')) ?? 0;
           tx.set('n', n + 1);
           tx.delete('old');
           return [n, await tx.get('n'), await tx.has('old')];
         });
         return [runs, result];",
    );
    for (read, committed) in [(5, false), (6, true)] {
        let (id, asked_for) = asked(&mut fixture);
        assert!(matches!(asked_for, HostCall::KvGet(_)));
        answer(
            &mut fixture,
            id,
            Ok(json!({"value": read, "version": read})),
        );
        let (id, asked_for) = asked(&mut fixture);
        let commit = commit(asked_for);
        assert_eq!((commit.checks.len(), commit.checks[0].version), (1, read));
        assert!(
            matches!(&commit.writes[0], KvWrite::Set { value, .. } if value.get() == (read + 1).to_string())
        );
        assert!(matches!(&commit.writes[1], KvWrite::Delete { key } if key == "old"));
        answer(
            &mut fixture,
            id,
            Ok(json!({"committed": committed, "revision": 9})),
        );
    }
    assert_eq!(finish(&mut fixture), json!([2, [6, 7, false]]));
    fixture.close();
}

#[test]
fn a_transaction_that_throws_or_always_conflicts_writes_nothing() {
    let mut fixture = evaluator();
    let thrown = fixture.call(
        "run",
        &json!([
            "await mycelium.kv.transaction((tx) => { tx.set('a', 1); throw new Error('no') })"
        ]),
    );
    assert_eq!(thrown.unwrap_err().message, "no");
    start(
        &mut fixture,
        "try { await mycelium.kv.transaction(async (tx) => { await tx.list('a'); tx.set('a', 1); globalThis.last = tx; }) }
         catch (error) { try { last.set('b', 1) } catch (late) { return [error.name, error.code, error.transient, late.code] } }",
    );
    for _ in 0..16 {
        let (id, asked_for) = asked(&mut fixture);
        assert!(matches!(asked_for, HostCall::KvList(_)));
        answer(
            &mut fixture,
            id,
            Ok(json!({"keys": [], "more": false, "revision": 3})),
        );
        let (id, asked_for) = asked(&mut fixture);
        assert_eq!(commit(asked_for).revision, Some(3));
        answer(
            &mut fixture,
            id,
            Ok(json!({"committed": false, "revision": 4})),
        );
    }
    assert_eq!(
        finish(&mut fixture),
        json!(["HostError", "KV_CONFLICT", true, "HOST_CALL_INVALID"])
    );
    fixture.close();
}

#[test]
fn what_the_runtime_refuses_is_an_error_with_its_code() {
    let mut fixture = evaluator();
    start(
        &mut fixture,
        "try { await mycelium.kv.set('a', 1) } catch (error) { return [error instanceof Error, error.name, error.code, error.message] }",
    );
    let (id, _) = asked(&mut fixture);
    answer(&mut fixture, id, Err(refusal()));
    assert_eq!(
        finish(&mut fixture),
        json!([true, "HostError", "DISK_LIMIT", "Too much. Keep less."])
    );
    for (text, part) in [
        ("await mycelium.kv.set('a', undefined)", "not JSON"),
        ("await mycelium.kv.set('a', () => 1)", "not JSON"),
        ("await mycelium.kv.set(1, 1)", "key"),
        (
            "const a = {}; a.a = a; await mycelium.kv.set('a', a)",
            "circular",
        ),
        (
            "await mycelium.kv.set('a', { get b() { throw new Error('trap') } })",
            "trap",
        ),
        (
            "await mycelium.kv.list('', { limit: 1e9 })",
            "options.limit",
        ),
        ("await mycelium.kv.transaction(1)", "body"),
    ] {
        let failure = fixture.call("run", &json!([text])).unwrap_err();
        assert!(
            failure.message.contains(part),
            "{text}: {}",
            failure.message
        );
    }
    fixture.close();
}

#[test]
fn no_more_calls_wait_at_the_runtime_than_may() {
    let mut fixture = evaluator();
    start(
        &mut fixture,
        "const all = Array.from({ length: 10000 }, (_, n) => mycelium.kv.get(`k${n}`));
         return (await Promise.all(all)).reduce((sum, value) => sum + value, 0);",
    );
    let mut waiting = Vec::new();
    for _ in 0..MAX_HOST_CALLS {
        waiting.push(asked(&mut fixture).0);
    }
    let mut answered = 0;
    // One more comes for each that is answered, and only then.
    while let Some(id) = waiting.pop() {
        answer(&mut fixture, id, Ok(json!({"value": 1, "version": 1})));
        answered += 1;
        if answered + waiting.len() < 10_000 {
            waiting.push(asked(&mut fixture).0);
        }
    }
    assert_eq!(finish(&mut fixture), json!(10_000));
    fixture.close();
}

#[test]
fn nobody_waits_for_what_goes_on_after_its_call() {
    let mut fixture = evaluator();
    let first = start(
        &mut fixture,
        "globalThis.late = mycelium.kv.get('a').catch((error) => error.code);
         globalThis.later = new Promise((resolve) => { globalThis.wake = resolve; }).then(() => 'woken');
         return mycelium.context.call === null",
    );
    let (id, call) = asked(&mut fixture);
    assert_eq!(call.call(), first);
    let (answered, _) = fixture.receive();
    assert_eq!(answered, first);
    // An answer that comes too late is for nobody.
    answer(&mut fixture, id, Ok(json!({"value": 1, "version": 1})));
    assert_eq!(
        fixture.call("run", &json!(["return late"])),
        Ok(json!("CALL_ENDED"))
    );
    // Nobody handles this rejection: it is a line, and no other call's failure.
    let call = start(&mut fixture, "mycelium.kv.set('a', 1); return 'forgotten'");
    asked(&mut fixture);
    let (answered, _) = fixture.receive();
    assert_eq!(answered, call);
    assert_eq!(fixture.call("run", &json!(["return 2"])), Ok(json!(2)));
    let lines = fixture.console();
    assert!(
        lines
            .iter()
            .any(|(_, text)| text.contains("CALL_ENDED") || text.contains("has ended")),
        "{lines:?}"
    );
    fixture.close();
}

#[test]
fn a_call_knows_what_it_is_part_of() {
    let mut fixture = evaluator();
    let context = CallContext {
        call: "t-1".to_owned(),
        trace: "t".to_owned(),
        export: Some("run".to_owned()),
        session: Some("s".to_owned()),
        agent: Some(AgentIdentity {
            name: "tester".to_owned(),
            version: "2".to_owned(),
        }),
        roots: vec!["/w".to_owned()],
        callers: Vec::new(),
        conversation: None,
    };
    let text = "'use strict'; const { context, config } = mycelium;
        let frozen = 0;
        for (const write of [() => { context.agent.name = 'x' }, () => { context.call = 'x' }, () => { config.color = 'x' },
          () => { mycelium.kv = null }, () => { mycelium.kv.get = null }, () => { context.roots.push('x') }]) {
          try { write(); } catch (error) { if (error instanceof TypeError) frozen++; }
        }
        const [, esm] = [0, await import('mycelium')];
        return [{ ...context }, config, frozen, esm.kv === mycelium.kv && esm.default === mycelium]";
    let params = CallParams {
        context: Some(Box::new(context)),
        ..Fixture::call_request("run", &json!([text]))
    };
    fixture.send(Request::Call(params));
    let seen = finish(&mut fixture);
    assert_eq!(
        seen[0],
        json!({"skill": {"name": "demo", "version": "1.0.0"}, "call": "t-1", "trace": "t", "export": "run",
            "session": "s", "agent": {"name": "tester", "version": "2"}, "roots": ["/w"], "callers": [],
            "conversation": null})
    );
    assert_eq!(seen[1], json!({"color": "blue"}));
    assert_eq!((&seen[2], &seen[3]), (&json!(6), &json!(true)));
    fixture.close();
}

#[test]
fn a_log_line_has_its_level_and_its_fields() {
    let mut fixture = evaluator();
    let text = "const { log } = mycelium; const loop = {}; loop.loop = loop;
        log.debug('a'); log.info('b', { n: 1 }); log.warn(Symbol('c'), loop); log.error('d', { toJSON() { throw 1 } }); return 0";
    fixture.call("run", &json!([text])).unwrap();
    let lines: Vec<_> = fixture.console().iter().map(|(_, text)| *text).collect();
    assert_eq!(
        lines,
        ["a", "b {\"n\":1}", "Symbol(c) [not JSON]", "d [not JSON]"]
    );
    fixture.close();
}

#[test]
fn assets_are_the_skills_own_files_and_no_others() {
    let mut fixture = Fixture::new(&[("index.js", EVALUATE), ("data/words.json", "[\"a\"]")]);
    std::os::unix::fs::symlink("/etc/passwd", fixture.root().join("data/link")).unwrap();
    fixture.load("index.js", &["run"]).unwrap();
    let text = "const { assets } = mycelium; const out = [];
        out.push(await assets.json('data/words.json'), await assets.text('./data/../data/words.json'), (await assets.read('data/words.json')).length);
        for (const path of ['../x', '/etc/passwd', 'data/link', 'data', 'none', '']) {
          try { await assets.read(path); out.push('read ' + path); } catch (error) { out.push(error.code); }
        }
        return out";
    assert_eq!(
        fixture.call("run", &json!([text])),
        Ok(json!([
            ["a"],
            "[\"a\"]",
            5,
            "HOST_CALL_INVALID",
            "HOST_CALL_INVALID",
            "EACCES",
            "EISDIR",
            "ENOENT",
            "EISDIR"
        ]))
    );
    fixture.close();
}

#[test]
fn the_name_is_the_runtimes_whatever_is_installed() {
    let mut fixture = Fixture::new(&[
        ("index.js", EVALUATE),
        (
            "node_modules/mycelium/index.js",
            "module.exports = 'theirs';",
        ),
        (
            "node_modules/mycelium/package.json",
            "{\"name\": \"mycelium\"}",
        ),
    ]);
    fixture.load("index.js", &["run"]).unwrap();
    let text = "const names = [require('mycelium'), require('node:mycelium'), (await import('mycelium')).default];
        return [names.every((it) => it === mycelium), typeof mycelium.kv.get]";
    assert_eq!(
        fixture.call("run", &json!([text])),
        Ok(json!([true, "function"]))
    );
    fixture.close();
}

#[test]
fn a_program_that_breaks_its_own_bridge_harms_only_itself() {
    let mut fixture = evaluator();
    let call = start(
        &mut fixture,
        "Map.prototype.get = () => undefined; Object.prototype.then = undefined;
         Array.prototype.push = () => { throw new Error('mine') };
         const calls = []; try { await mycelium.kv.get('a'); } catch (error) { return error.message }",
    );
    let (answered, result) = fixture.receive();
    assert_eq!(answered, call);
    assert_eq!(value(&result.unwrap()), json!("mine"));
    fixture.send_frame(&Frame {
        id: Some(999),
        result: Some(to_raw_value(&1).unwrap()),
        ..Frame::default()
    });
    // What it has broken is its own: it is still asked, and still answers.
    assert!(fixture.call("run", &json!(["return 1"])).is_err());
    fixture.close();
}
