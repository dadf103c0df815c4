//! What goes wrong in a skill, and what its caller is told.

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::FailureKind;
use serde_json::json;

use super::fixture::Fixture;

#[test]
fn a_failure_shows_the_skills_own_frames() {
    let mut fixture = Fixture::skill(
        "module.exports = {
  willFail() {
    throw new Error('Intentional failure for testing');
  },
  async later() {
    await new Promise((resolve) => setTimeout(resolve, 1));
    inner();
  },
  parse() { return [1].map(() => JSON.parse('{')); },
};
function inner() { throw Object.assign(new TypeError('deep'), { code: 'E_DEEP', transient: true }); }",
        &["willFail", "later", "parse"],
    );
    let file = fixture.root().join("index.js");
    let file = file.display();
    let failure = fixture.call("willFail", &json!([])).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Thrown);
    assert_eq!(failure.message, "Intentional failure for testing");
    assert_eq!(failure.name.as_deref(), Some("Error"));
    assert_eq!(
        failure.stack.unwrap(),
        format!("Error: Intentional failure for testing\n    at Object.willFail ({file}:3:11)")
    );
    let failure = fixture.call("later", &json!([])).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("E_DEEP"));
    assert!(failure.transient);
    assert_eq!(
        failure.stack.unwrap(),
        format!("TypeError: deep\n    at inner ({file}:11:40)\n    at Object.later ({file}:7:5)")
    );
    let failure = fixture.call("parse", &json!([])).unwrap_err();
    let stack = failure.stack.unwrap();
    assert!(
        stack.contains(&format!("at Object.parse ({file}:9:")) && !stack.contains("node:"),
        "{stack}"
    );
    fixture.close();
}

#[test]
fn anything_can_be_thrown() {
    let cases = [
        ("null", "null"),
        ("undefined", "undefined"),
        ("'text'", "text"),
        ("42", "42"),
        ("10n", "10"),
        ("Symbol('s')", "a symbol was thrown"),
        ("({ message: 'like an error' })", "like an error"),
        ("({})", "[object Object]"),
        (
            "Object.create(null)",
            "a value that cannot be shown was thrown",
        ),
        (
            "({ get message() { throw 1 }, get stack() { throw 2 }, get name() { throw 3 }, get code() { throw 4 }, get transient() { throw 5 }, toString() { throw 6 } })",
            "a value that cannot be shown was thrown",
        ),
        (
            "new Proxy({}, { get() { throw new Error('trap') }, getPrototypeOf() { throw 1 } })",
            "a value that cannot be shown was thrown",
        ),
        ("Object.freeze(new Error('frozen'))", "frozen"),
        ("(() => {})", "() => {}"),
        ("'\\ud800 lone'", "\u{fffd} lone"),
        ("new Error('x'.repeat(1e6))", "x"),
        (
            "new (class Own extends Error { constructor() { super('own'); this.name = 'Own' } })()",
            "own",
        ),
        (
            "Object.defineProperty(new Error('m'), 'stack', { get() { throw new Error('no stack') } })",
            "m",
        ),
    ];
    let text = cases
        .iter()
        .enumerate()
        .map(|(index, (thrown, _))| {
            format!(
                "exports.t{index} = () => {{ throw {thrown}; }};
                 exports.r{index} = async () => {{ throw {thrown}; }};
                 exports.p{index} = () => new Promise((_, reject) => setTimeout(() => reject({thrown})));"
            )
        })
        .collect::<Vec<_>>()
        .join("\n");
    let names: Vec<String> = (0..cases.len())
        .flat_map(|index| ["t", "r", "p"].map(|kind| format!("{kind}{index}")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut fixture = Fixture::skill(&text, &names);
    for (index, (thrown, message)) in cases.iter().enumerate() {
        for kind in ["t", "r", "p"] {
            let failure = fixture
                .call(&format!("{kind}{index}"), &json!([]))
                .unwrap_err();
            assert_eq!(failure.kind, FailureKind::Thrown, "{thrown}");
            assert!(
                failure.message.starts_with(message) && failure.message.len() < 70_000,
                "{kind} {thrown}: {}",
                failure.message
            );
        }
    }
    fixture.close();
}

#[test]
fn the_end_of_the_process_is_the_end_of_the_skill() {
    let mut fixture = Fixture::skill(
        "process.on('exit', (status) => console.log('exit', status));
         exports.leave = () => { try { process.exit(3); } catch { return 'caught'; } finally { console.log('never'); } };
         exports.later = () => new Promise(() => setTimeout(() => process.exit(), 1));",
        &["leave", "later"],
    );
    let failure = fixture.call("leave", &json!([])).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Exited);
    assert!(failure.message.contains('3'), "{}", failure.message);
    assert_eq!(fixture.console(), [(ConsoleLevel::Info, "exit 3")]);
    let failure = fixture.call("leave", &json!([])).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Exited);
    fixture.close();

    for later in [
        "new Promise(() => setTimeout(() => process.exit(), 1))",
        "Promise.resolve().then(() => process.exit())",
        "new Promise(() => process.nextTick(() => process.exit()))",
    ] {
        let mut fixture = Fixture::skill(&format!("exports.later = () => {later};"), &["later"]);
        let failure = fixture.call("later", &json!([])).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Exited, "{later}");
        fixture.close();
    }
}

#[test]
fn errors_that_nobody_catches_belong_to_the_call_that_waits() {
    let mut fixture = Fixture::skill(
        "exports.timer = () => { setTimeout(() => { throw new Error('late'); }, 1); return new Promise((r) => setTimeout(r, 60000)); };
         exports.rejection = () => { Promise.reject(new Error('unhandled')); return new Promise((r) => setTimeout(r, 60000)); };
         exports.microtask = () => { queueMicrotask(() => { throw new Error('micro'); }); return new Promise((r) => setTimeout(r, 60000)); };
         exports.handled = () => {
           process.once('uncaughtException', (error) => { seen = error.message; });
           setTimeout(() => { throw new Error('handled'); }, 1);
           return new Promise((r) => setTimeout(() => r(seen), 10));
         };
         let seen;
         exports.afterwards = () => { setTimeout(() => { throw new Error('idle'); }, 1); return 'done'; };
         exports.ping = () => 'pong';",
        &["timer", "rejection", "microtask", "handled", "afterwards", "ping"],
    );
    for (method, message) in [
        ("timer", "late"),
        ("rejection", "unhandled"),
        ("microtask", "micro"),
    ] {
        let failure = fixture.call(method, &json!([])).unwrap_err();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::Thrown, message)
        );
    }
    assert_eq!(fixture.call("handled", &json!([])), Ok(json!("handled")));
    assert_eq!(fixture.call("afterwards", &json!([])), Ok(json!("done")));
    // Nobody waits for anything when the timer throws: the worker prints it and lives on.
    while !fixture
        .console()
        .iter()
        .any(|(_, text)| text.starts_with("Uncaught Error: idle"))
    {
        assert_eq!(fixture.call("ping", &json!([])), Ok(json!("pong")));
    }
    fixture.close();
}

#[test]
fn running_out_of_memory_or_stack_is_the_programs_error() {
    let mut fixture = Fixture::new(&[(
        "index.js",
        "exports.bomb = () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); };
         exports.text = () => { let t = 'x'; for (;;) t += t; };
         exports.buffer = () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20)); };
         exports.deep = () => { const f = (n) => f(n + 1) + 1; try { return f(0); } catch (error) { return error.name; } };
         exports.nested = () => { let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return o; };
         exports.list = () => { let o = {}; for (;;) o = { o }; };
         exports.wide = () => { let a = 'x'.repeat(1000); for (let i = 0; i < 40; i++) a = [a, a]; return a; };
         exports.fine = () => 'fine';",
    )]);
    fixture.memory_mb = 64;
    let names = [
        "bomb", "text", "buffer", "list", "deep", "nested", "wide", "fine",
    ];
    fixture.load("index.js", &names).unwrap();
    for method in ["bomb", "text", "buffer", "list"] {
        let failure = fixture.call(method, &json!([])).unwrap_err();
        assert!(
            failure.kind == FailureKind::OutOfMemory
                || (method == "text" && failure.message.contains("string too long")),
            "{method}: {failure:?}"
        );
        assert_eq!(fixture.call("fine", &json!([])), Ok(json!("fine")));
    }
    assert_eq!(fixture.call("deep", &json!([])), Ok(json!("RangeError")));
    let failure = fixture.call("nested", &json!([])).unwrap_err();
    assert_eq!(failure.kind, FailureKind::ResultInvalid, "{failure:?}");
    let failure = fixture.call("wide", &json!([])).unwrap_err();
    assert_eq!(failure.kind, FailureKind::ResultTooLarge, "{failure:?}");
    assert_eq!(fixture.call("fine", &json!([])), Ok(json!("fine")));
    fixture.close();
}
