//! The worker over its wire, in a thread and without a sandbox.

use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::thread::JoinHandle;

use mycelium_policy::SandboxPolicy;
use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::FrameDecoder;
use mycelium_protocol::MAX_FRAME;
use mycelium_protocol::Operation;
use mycelium_protocol::encode_frame;
use mycelium_protocol::worker::CallParams;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HookParams;
use mycelium_protocol::worker::LoadParams;
use mycelium_protocol::worker::Loaded;
use mycelium_protocol::worker::Notification;
use mycelium_protocol::worker::Request;
use mycelium_protocol::worker::Returned;
use mycelium_protocol::worker::RpcError;
use mycelium_types::CallStyle;
use mycelium_types::Hook;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;
use tempfile::TempDir;

use super::Place;
use super::serve;
use crate::WorkerError;

/// Enough for the unoptimised frames of the tests and the stack that programs get.
const THREAD_STACK: usize = 16 << 20;

/// A place that restricts nothing.
struct Open;

impl Place for Open {
    fn restrict(&mut self, _policy: &SandboxPolicy) -> Result<Vec<String>, Failure> {
        Ok(vec!["nothing".to_owned()])
    }
}

/// A skill's folder, and a worker to load it.
struct Fixture {
    folder: TempDir,
    worker: Option<JoinHandle<Result<(), WorkerError>>>,
    socket: UnixStream,
    decoder: FrameDecoder,
    next: u64,
    notifications: Vec<Notification>,
    memory_mb: u64,
}

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        let (socket, theirs) = UnixStream::pair().unwrap();
        let worker = std::thread::Builder::new()
            .stack_size(THREAD_STACK)
            .spawn(move || serve(theirs, Open))
            .unwrap();
        Self {
            folder,
            worker: Some(worker),
            socket,
            decoder: FrameDecoder::new(MAX_FRAME),
            next: 0,
            notifications: Vec::new(),
            memory_mb: 500,
        }
    }

    /// A worker with a skill that is one file with these exports.
    fn skill(text: &str, exports: &[&str]) -> Self {
        let mut fixture = Self::new(&[("index.js", text)]);
        fixture.load("index.js", exports).unwrap();
        fixture
    }

    fn root(&self) -> PathBuf {
        fs_err::canonicalize(self.folder.path()).unwrap()
    }

    fn policy(&self) -> SandboxPolicy {
        policy(&self.root(), self.memory_mb)
    }

    fn send(&mut self, request: Request) -> u64 {
        self.next += 1;
        self.send_frame(&request.into_frame(self.next).unwrap());
        self.next
    }

    fn send_frame(&mut self, frame: &Frame) {
        let mut bytes = Vec::new();
        encode_frame(frame, &mut bytes).unwrap();
        self.socket.write_all(&bytes).unwrap();
    }

    /// The next answer; notifications that come before it are kept.
    fn receive(&mut self) -> (u64, Result<Box<RawValue>, RpcError>) {
        loop {
            while let Some(bytes) = self.decoder.next_frame().unwrap() {
                let frame: Frame = serde_json::from_slice(bytes).unwrap();
                if let Some(notification) = Notification::from_frame(&frame).unwrap() {
                    self.notifications.push(notification);
                    continue;
                }
                let id = frame.id.unwrap();
                return match (frame.result, frame.error) {
                    (Some(result), None) => (id, Ok(result)),
                    (None, Some(error)) => (id, Err(error)),
                    other => panic!("neither result nor error: {other:?}"),
                };
            }
            let mut chunk = vec![0; 1 << 16];
            let length = self.socket.read(&mut chunk).unwrap();
            assert!(length > 0, "the worker has gone");
            self.decoder.push(&chunk[..length]);
        }
    }

    fn ask(&mut self, request: Request) -> Result<Box<RawValue>, Failure> {
        let asked = self.send(request);
        let (id, answer) = self.receive();
        assert_eq!(id, asked);
        answer.map_err(|error| error.data.expect("a failure"))
    }

    fn load(&mut self, entrypoint: &str, exports: &[&str]) -> Result<Loaded, Failure> {
        let params = LoadParams {
            policy: self.policy(),
            entrypoint: self.root().join(entrypoint),
            exports: exports.iter().map(ToString::to_string).collect(),
            settings: json!({"color": "blue"}),
        };
        let result = self.ask(Request::Load(params))?;
        Ok(serde_json::from_str(result.get()).unwrap())
    }

    fn hook(&mut self, hook: Hook) -> Result<Value, Failure> {
        let params = HookParams {
            hook,
            argument: json!({"told": true}),
        };
        let result = self.ask(Request::Hook(params))?;
        Ok(value(&result))
    }

    fn call_request(method: &str, args: &Value) -> CallParams {
        CallParams {
            method: method.to_owned(),
            args: serde_json::value::to_raw_value(args).unwrap(),
            style: if args.is_array() {
                CallStyle::Positional
            } else {
                CallStyle::Named
            },
            max_result: 1 << 20,
            max_output: 1 << 20,
        }
    }

    fn call(&mut self, method: &str, args: &Value) -> Result<Value, Failure> {
        let params = Self::call_request(method, args);
        let result = self.ask(Request::Call(params))?;
        Ok(value(&result))
    }

    /// What was refused: the operation, the path as given and as meant.
    fn denied(&self) -> Vec<(Operation, &str, &Path)> {
        self.notifications
            .iter()
            .filter_map(|notification| match notification {
                Notification::Denied(denied) => Some((
                    denied.operation,
                    denied.attempted.as_str(),
                    denied.resolved.as_path(),
                )),
                Notification::Console(_) => None,
            })
            .collect()
    }

    fn console(&self) -> Vec<(ConsoleLevel, &str)> {
        self.notifications
            .iter()
            .filter_map(|notification| match notification {
                Notification::Console(printed) => Some((printed.level, printed.text.as_str())),
                Notification::Denied(_) => None,
            })
            .collect()
    }

    /// Closes the socket; the worker must end by itself.
    fn close(mut self) {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        let worker = self.worker.take().unwrap();
        worker.join().unwrap().unwrap();
    }
}

fn value(result: &RawValue) -> Value {
    let returned: Returned = serde_json::from_str(result.get()).unwrap();
    assert!(returned.memory_bytes > 0);
    serde_json::from_str(returned.value.get()).unwrap()
}

fn policy(root: &Path, memory_mb: u64) -> SandboxPolicy {
    serde_json::from_value(json!({
        "skill": {"name": "demo", "version": "1.0.0"},
        "skill_root": root, "workspace": root, "paths": [], "dependency_layer": null,
        "bytecode": null, "data": null, "environment": {"LANG": "C.UTF-8"},
        "limits": {
            "memoryMB": memory_mb, "cpuSeconds": 30, "wallSeconds": 30, "openFiles": 64, "processes": 0,
            "fileSizeMB": 1, "dataMB": 1, "tmpMB": 1, "outputMB": 1, "bandwidthKBps": 1
        },
        "required_rung": "none", "denials": []
    }))
    .unwrap()
}

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
        (r#"{"jsonrpc":"2.0","id":90,"method":"nope","params":{}}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":91,"method":"call","params":{}}"#, -32602),
    ] {
        let frame: Frame = serde_json::from_str(frame).unwrap();
        fixture.send_frame(&frame);
        let (_, answer) = fixture.receive();
        assert_eq!(answer.unwrap_err().code, code);
    }
    fixture.close();
}

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
        format!(
            "Error: Intentional failure for testing\n    at Object.willFail ({file}:3:11)"
        )
    );
    let failure = fixture.call("later", &json!([])).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("E_DEEP"));
    assert!(failure.transient);
    assert_eq!(
        failure.stack.unwrap(),
        format!(
            "TypeError: deep\n    at inner ({file}:11:40)\n    at Object.later ({file}:7:5)"
        )
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
        ("Object.create(null)", "a value that cannot be shown was thrown"),
        ("({ get message() { throw 1 }, get stack() { throw 2 }, get name() { throw 3 }, get code() { throw 4 }, get transient() { throw 5 }, toString() { throw 6 } })",
         "a value that cannot be shown was thrown"),
        ("new Proxy({}, { get() { throw new Error('trap') }, getPrototypeOf() { throw 1 } })",
         "a value that cannot be shown was thrown"),
        ("Object.freeze(new Error('frozen'))", "frozen"),
        ("(() => {})", "() => {}"),
        ("'\\ud800 lone'", "\u{fffd} lone"),
        ("new Error('x'.repeat(1e6))", "x"),
        ("new (class Own extends Error { constructor() { super('own'); this.name = 'Own' } })()", "own"),
        ("Object.defineProperty(new Error('m'), 'stack', { get() { throw new Error('no stack') } })", "m"),
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
fn results_are_json_or_say_why_not() {
    let cases = [
        ("undefined", Ok(json!(null))),
        ("null", Ok(json!(null))),
        ("NaN", Ok(json!(null))),
        ("'\\ud800 \\\\ud800 \\ud83d\\ude00'", Ok(json!("\u{fffd} \\ud800 😀"))),
        ("new Date(0)", Ok(json!("1970-01-01T00:00:00.000Z"))),
        ("new Map([[1, 2]])", Ok(json!({}))),
        ("[1, undefined, () => 1]", Ok(json!([1, null, null]))),
        ("({ then(resolve) { resolve('thenable'); } })", Ok(json!("thenable"))),
        ("Promise.resolve(Promise.resolve(7))", Ok(json!(7))),
        ("5n", Err((FailureKind::ResultInvalid, "BigInt"))),
        ("({ a: { b: 5n } })", Err((FailureKind::ResultInvalid, "BigInt"))),
        ("{ const o = {}; o.o = o; return o; }", Err((FailureKind::ResultInvalid, "refers to itself"))),
        ("(() => 1)", Err((FailureKind::ResultInvalid, "function"))),
        ("Symbol('s')", Err((FailureKind::ResultInvalid, "symbol"))),
        ("({ toJSON() { throw new Error('no json') } })", Err((FailureKind::ResultInvalid, "no json"))),
        ("({ get a() { throw null } })", Err((FailureKind::ResultInvalid, "null"))),
        ("'x'.repeat(2 << 20)", Err((FailureKind::ResultTooLarge, "larger than"))),
        ("'é'.repeat(600000)", Err((FailureKind::ResultTooLarge, "larger than"))),
        ("new Promise(() => {})", Err((FailureKind::NeverSettles, "never settle"))),
        ("{ setTimeout(() => {}, 1e6).unref(); return new Promise(() => {}); }", Err((FailureKind::NeverSettles, "never settle"))),
    ];
    let text: String = cases
        .iter()
        .enumerate()
        .map(|(index, (result, _))| match result.starts_with('{') {
            true => format!("exports.f{index} = () => {result};\n"),
            false => format!("exports.f{index} = () => ({result});\n"),
        })
        .collect();
    let names: Vec<String> = (0..cases.len()).map(|index| format!("f{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut fixture = Fixture::skill(&text, &names);
    for (name, (result, expected)) in names.iter().zip(&cases) {
        let answer = fixture.call(name, &json!([]));
        match (answer, expected) {
            (Ok(actual), Ok(expected)) => assert_eq!(&actual, expected, "{result}"),
            (Err(failure), Err((kind, text))) => {
                assert_eq!(failure.kind, *kind, "{result}");
                assert!(failure.message.contains(text), "{result}: {}", failure.message);
            }
            (answer, _) => panic!("{result}: {answer:?}"),
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
fn a_flood_of_output_stops_the_call_and_nothing_else() {
    let mut fixture = Fixture::skill(
        "exports.flood = () => { const line = 'x'.repeat(1 << 16); for (;;) { try { console.log(line); } catch {} } };
         exports.later = async () => { await null; for (;;) console.log('z'.repeat(1 << 16)); };
         exports.timer = () => new Promise(() => setTimeout(() => { for (;;) console.log('z'.repeat(1 << 16)); }, 1));
         exports.small = () => { console.log('small'); return 1; };
         exports.once = () => { console.log('y'.repeat(1 << 21)); return 2; };
         exports.lines = () => { for (let i = 0; i < 3e6; i++) console.log(''); };",
        &["flood", "small", "once", "lines", "later", "timer"],
    );
    for method in ["flood", "once", "lines", "later", "timer"] {
        let failure = fixture.call(method, &json!([])).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutputTooLarge, "{method}");
        let printed: usize = fixture.console().iter().map(|(_, text)| text.len()).sum();
        assert!(printed <= 1 << 20, "{printed}");
        fixture.notifications.clear();
        assert_eq!(fixture.call("small", &json!([])), Ok(json!(1)));
        assert_eq!(fixture.console(), [(ConsoleLevel::Info, "small")]);
        fixture.notifications.clear();
    }
    fixture.close();
}

#[test]
fn the_console_knows_its_levels_and_standard_streams_are_lines() {
    let mut fixture = Fixture::skill(
        "exports.print = () => {
           console.debug('d'); console.log('%s=%d', 'a', 1, { b: [2] }); console.info(); console.warn('w'); console.error(new Error('e').message);
           console.group('g'); console.log('one\\ntwo'); console.groupEnd(); console.assert(false, 'wrong'); console.count(); console.count();
           process.stdout.write('par'); process.stdout.write('tial\\nrest'); process.stderr.write('err\\n'); console.log('\\ud800');
         };",
        &["print"],
    );
    fixture.call("print", &json!([])).unwrap();
    use ConsoleLevel::Debug;
    use ConsoleLevel::Error;
    use ConsoleLevel::Info;
    use ConsoleLevel::Warn;
    assert_eq!(
        fixture.console(),
        [
            (Debug, "d"),
            (Info, "a=1 { b: [ 2 ] }"),
            (Info, ""),
            (Warn, "w"),
            (Error, "e"),
            (Info, "g"),
            (Info, "  one\n  two"),
            (Error, "Assertion failed: wrong"),
            (Info, "default: 1"),
            (Info, "default: 2"),
            (Info, "partial"),
            (Error, "err"),
            (Info, "\u{fffd}"),
            (Info, "rest"),
        ]
    );
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
    }));
    let (first, answer) = fixture.receive();
    assert_eq!((first, value(&answer.unwrap())), (hook, json!("deactivated")));
    let (second, answer) = fixture.receive();
    assert_eq!(
        (second, value(&answer.unwrap())),
        (call, json!("released by the hook"))
    );
    fixture.close();
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
fn loading_says_what_is_wrong() {
    let cases = [
        ("const a = ;", FailureKind::Syntax, "index.js:1:11"),
        ("require('not-there')", FailureKind::Syntax, "Cannot find module 'not-there'"),
        ("require('./broken.js')", FailureKind::Syntax, "broken.js:2:3"),
        ("import('x'); import y from './missing.mjs'", FailureKind::Syntax, "missing.mjs"),
        ("throw new Error('at load')", FailureKind::Thrown, "at load"),
        ("JSON.parse('{')", FailureKind::Thrown, "JSON"),
        ("exports.f = 1; exports.h = () => 1", FailureKind::MissingExport, "does not export f, g"),
        ("await new Promise(() => {}); export const f = () => 1, g = f", FailureKind::NeverSettles, "never"),
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
        ("index.js", format!("module.exports = {{ count: 10, next() {{ return ++this.count; }} }};")),
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
    let names = ["bomb", "text", "buffer", "list", "deep", "nested", "wide", "fine"];
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

#[test]
fn a_skill_sees_its_surroundings() {
    let mut fixture = Fixture::skill(
        "exports.look = () => [process.env, process.argv.length, process.argv[1] === __filename, require('mycelium'), process.cwd() === __dirname, require.main !== module, require.main.filename === __filename];",
        &["look"],
    );
    assert_eq!(
        fixture.call("look", &json!([])),
        Ok(json!([
            {"LANG": "C.UTF-8"}, 2, true,
            {"skill": {"name": "demo", "version": "1.0.0"}, "settings": {"color": "blue"}},
            true, true, true
        ]))
    );
    fixture.close();
}

#[test]
fn a_refused_path_is_an_event_and_an_error_of_nodes_shape() {
    let mut fixture = Fixture::new(&[
        (
            "index.js",
            "const fs = require('fs');
             exports.read = (path) => fs.readFileSync(path, 'utf8');
             exports.exists = (path) => fs.existsSync(path);
             exports.write = (path) => fs.promises.writeFile(path, 'x');",
        ),
        ("file.txt", "content"),
        ("folder/inner.txt", "inner"),
    ]);
    let root = fixture.root();
    fs_err::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
    fixture
        .load("index.js", &["read", "exists", "write"])
        .unwrap();

    let failure = fixture.call("read", &json!(["/etc/passwd"])).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("EACCES"));
    assert_eq!(failure.message, "EACCES: permission denied, open '/etc/passwd'");
    assert_eq!(
        fixture.denied(),
        [(Operation::Read, "/etc/passwd", Path::new("/etc/passwd"))]
    );
    fixture.notifications.clear();

    // By a link, and upwards from the working directory: what is meant counts.
    let up = "../".repeat(root.components().count() + 2);
    for path in ["link/passwd".to_owned(), format!("{up}etc/passwd")] {
        fixture.call("read", &json!([path])).unwrap_err();
        assert_eq!(
            fixture.denied(),
            [(Operation::Read, path.as_str(), Path::new("/etc/passwd"))]
        );
        fixture.notifications.clear();
    }
    assert_eq!(fixture.call("exists", &json!(["/etc"])), Ok(json!(false)));
    assert_eq!(fixture.denied().len(), 1);
    fixture.notifications.clear();

    // The skill's folder may be read, not written; what is missing there is just missing.
    // (The thread has not entered the workspace, as a process would have: hence whole paths.)
    let file = root.join("folder/../file.txt");
    assert_eq!(fixture.call("read", &json!([file])), Ok(json!("content")));
    let missing = root.join("missing.txt");
    let missing = fixture.call("read", &json!([missing])).unwrap_err();
    assert_eq!(missing.code.as_deref(), Some("ENOENT"));
    assert_eq!(fixture.denied(), []);
    let failure = fixture.call("write", &json!(["file.txt"])).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("EACCES"));
    assert_eq!(
        fixture.denied(),
        [(Operation::Write, "file.txt", root.join("file.txt").as_path())]
    );
    fixture.close();
}
