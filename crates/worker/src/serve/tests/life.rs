//! A skill's life: loading in its many shapes, hooks, calls, and their order.

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::Request;
use mycelium_types::Hook;
use serde_json::Value;
use serde_json::json;

use super::fixture::Fixture;
use super::fixture::value;

#[test]
fn a_skill_lives_its_life() {
    let mut fixture = Fixture::new(&[(
        "index.js",
        "module.exports = {
  async onInit(told) { console.log('[demo] Initializing...', told.told); this.count = 0; },
  greet(name) { this.count++; return `Hello, ${name}! (Greeting #${this.count})`; },
  async farewellAsync(name) { await new Promise((r) => setTimeout(r, 5)); return `Goodbye, ${name}.`; },
  named({ a, b }) { return a + b; },
  async onUnload() { console.log(`[demo] Unloading. Total greetings: ${this.count}`); },
};",
    )]);
    let loaded = fixture
        .load("index.js", &["greet", "farewellAsync", "named"])
        .unwrap();
    assert_eq!(loaded.hooks, [Hook::Init, Hook::Unload]);
    assert_eq!(loaded.layers, ["nothing"]);
    assert_eq!(fixture.hook(Hook::Init), Ok(Value::Null));
    assert_eq!(fixture.hook(Hook::Activate), Ok(Value::Null));
    assert_eq!(
        fixture.call("greet", &json!(["Claude"])),
        Ok(json!("Hello, Claude! (Greeting #1)"))
    );
    assert_eq!(
        fixture.call("greet", &json!(["Infrastructure"])),
        Ok(json!("Hello, Infrastructure! (Greeting #2)"))
    );
    assert_eq!(
        fixture.call("farewellAsync", &json!(["Demo"])),
        Ok(json!("Goodbye, Demo."))
    );
    assert_eq!(
        fixture.call("named", &json!({"a": 1, "b": 2})),
        Ok(json!(3))
    );
    assert_eq!(fixture.hook(Hook::Unload), Ok(Value::Null));
    assert_eq!(
        fixture.console(),
        [
            (ConsoleLevel::Info, "[demo] Initializing... true"),
            (ConsoleLevel::Info, "[demo] Unloading. Total greetings: 2"),
        ]
    );
    fixture.close();
}

#[test]
fn requests_come_in_order() {
    let mut fixture = Fixture::new(&[("index.js", "exports.f = () => 1;")]);
    let early = fixture.call("f", &json!([])).unwrap_err();
    assert_eq!(early.kind, FailureKind::Protocol);
    fixture.load("index.js", &["f"]).unwrap();
    let again = fixture.load("index.js", &["f"]).unwrap_err();
    assert_eq!(again.kind, FailureKind::Protocol);
    assert_eq!(fixture.call("f", &json!([])), Ok(json!(1)));
    let unlisted = fixture.call("toString", &json!([])).unwrap_err();
    assert_eq!(unlisted.kind, FailureKind::MissingExport);

    for (frame, code) in [
        (
            r#"{"jsonrpc":"2.0","id":90,"method":"nope","params":{}}"#,
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":91,"method":"call","params":{}}"#,
            -32602,
        ),
    ] {
        let frame: Frame = serde_json::from_str(frame).unwrap();
        fixture.send_frame(&frame);
        let (_, answer) = fixture.receive();
        assert_eq!(answer.unwrap_err().code, code);
    }
    fixture.close();
}

#[test]
fn a_hook_runs_while_a_call_waits() {
    let mut fixture = Fixture::skill(
        "let release;
         exports.wait = () => new Promise((resolve) => { release = resolve; setTimeout(() => {}, 60000); });
         exports.onDeactivate = () => { release('released by the hook'); return 'deactivated'; };",
        &["wait"],
    );
    let call = fixture.send(Request::Call(Fixture::call_request("wait", &json!([]))));
    let hook = fixture.send(Request::Hook(HookParams {
        hook: Hook::Deactivate,
        argument: Value::Null,
        context: None,
    }));
    let (first, answer) = fixture.receive();
    assert_eq!(
        (first, value(&answer.unwrap())),
        (hook, json!("deactivated"))
    );
    let (second, answer) = fixture.receive();
    assert_eq!(
        (second, value(&answer.unwrap())),
        (call, json!("released by the hook"))
    );
    fixture.close();
}

#[test]
fn loading_says_what_is_wrong() {
    let cases = [
        ("const a = ;", FailureKind::Syntax, "index.js:1:11"),
        (
            "require('not-there')",
            FailureKind::Syntax,
            "Cannot find module 'not-there'",
        ),
        (
            "require('./broken.js')",
            FailureKind::Syntax,
            "broken.js:2:3",
        ),
        (
            "import('x'); import y from './missing.mjs'",
            FailureKind::Syntax,
            "missing.mjs",
        ),
        ("throw new Error('at load')", FailureKind::Thrown, "at load"),
        ("JSON.parse('{')", FailureKind::Thrown, "JSON"),
        (
            "exports.f = 1; exports.h = () => 1",
            FailureKind::MissingExport,
            "does not export f, g",
        ),
        (
            "await new Promise(() => {}); export const f = () => 1, g = f",
            FailureKind::NeverSettles,
            "never",
        ),
        ("process.exit(1)", FailureKind::Exited, "status 1"),
    ];
    for (text, kind, expected) in cases {
        let mut fixture = Fixture::new(&[("index.js", text), ("broken.js", "\n  }")]);
        let failure = fixture.load("index.js", &["f", "g"]).unwrap_err();
        let shown = format!("{}\n{}", failure.message, failure.stack.unwrap_or_default());
        assert_eq!(failure.kind, kind, "{text}: {shown}");
        assert!(shown.contains(expected), "{text}: {shown}");
        fixture.close();
    }
    let mut fixture = Fixture::new(&[]);
    let failure = fixture.load("index.js", &[]).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Syntax, "{failure:?}");
    fixture.close();
}

#[test]
fn skills_come_in_many_shapes() {
    let class = "{ constructor() { this.count = 0; } next() { return ++this.count; } onInit() { this.count = 10; } }";
    let shapes = [
        ("index.js", "module.exports = { count: 10, next() { return ++this.count; } };".to_owned()),
        ("index.js", "exports.next = function () { this.count = (this.count ?? 10) + 1; return this.count; };".to_owned()),
        ("index.js", format!("module.exports = class Counter {class};")),
        ("index.js", format!("module.exports = new (class Counter {class})();")),
        ("index.js", "let count = 10; module.exports = function next() { return ++count; };".to_owned()),
        ("index.js", "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = { count: 10, next() { return ++this.count; } };".to_owned()),
        ("index.mjs", "export default { count: 10, next() { return ++this.count; } };".to_owned()),
        ("index.mjs", "export function next() { this.count = (this.count ?? 10) + 1; return this.count; }".to_owned()),
        ("index.mjs", "export let count = 10; export const next = () => ++count;".to_owned()),
        ("index.mjs", format!("export default class Counter {class}")),
        ("index.mjs", "const count = await Promise.resolve({ n: 10 }); export const next = () => ++count.n;".to_owned()),
        ("index.mjs", "let n = 10; export default function next() { return ++n; }".to_owned()),
        ("index.js", "export function next() { this.count = (this.count ?? 10) + 1; return this.count; }".to_owned()),
    ];
    for (file, text) in &shapes {
        let mut fixture = Fixture::new(&[(file, text)]);
        fixture
            .load(file, &["next"])
            .unwrap_or_else(|failure| panic!("{text}: {failure:?}"));
        fixture.hook(Hook::Init).unwrap();
        assert_eq!(fixture.call("next", &json!([])), Ok(json!(11)), "{text}");
        assert_eq!(fixture.call("next", &json!([])), Ok(json!(12)), "{text}");
        fixture.close();
    }
}

#[test]
fn every_hook_may_be_asynchronous_and_may_fail() {
    let mut fixture = Fixture::skill(
        "const seen = [];
         const hook = (name) => async (told) => { await null; seen.push([name, told]); if (name === 'onUnload') throw new Error(`${name} failed`); return name; };
         for (const name of ['onLoad', 'onInit', 'onActivate', 'onExecute', 'onDeactivate', 'onUnload']) exports[name] = hook(name);
         exports.seen = () => seen;",
        &["seen"],
    );
    for hook in Hook::ALL {
        let result = fixture.hook(hook);
        if hook == Hook::Unload {
            assert_eq!(result.unwrap_err().message, "onUnload failed");
        } else {
            assert_eq!(result, Ok(json!(hook.as_str())));
        }
    }
    let seen = fixture.call("seen", &json!([])).unwrap();
    assert_eq!(seen.as_array().unwrap().len(), 6);
    assert_eq!(seen[3], json!(["onExecute", {"told": true}]));
    fixture.close();
}

#[test]
fn a_skill_sees_its_surroundings() {
    let mut fixture = Fixture::skill(
        "exports.look = () => [process.env, process.argv.length, process.argv[1] === __filename, { ...require('mycelium').skill }, require('mycelium').settings, process.cwd() === __dirname, require.main !== module, require.main.filename === __filename];",
        &["look"],
    );
    assert_eq!(
        fixture.call("look", &json!([])),
        Ok(json!([
            {"LANG": "C.UTF-8"}, 2, true,
            {"name": "demo", "version": "1.0.0"}, {"color": "blue"},
            true, true, true
        ]))
    );
    fixture.close();
}
