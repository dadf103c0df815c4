//! What comes out of a skill: results, lines, refusals.

use std::path::Path;

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::Operation;
use mycelium_protocol::worker::FailureKind;
use serde_json::json;

use super::fixture::Fixture;

#[test]
fn results_are_json_or_say_why_not() {
    let cases = [
        ("undefined", Ok(json!(null))),
        ("null", Ok(json!(null))),
        ("NaN", Ok(json!(null))),
        (
            "'\\ud800 \\\\ud800 \\ud83d\\ude00'",
            Ok(json!("\u{fffd} \\ud800 😀")),
        ),
        ("new Date(0)", Ok(json!("1970-01-01T00:00:00.000Z"))),
        ("new Map([[1, 2]])", Ok(json!({}))),
        ("[1, undefined, () => 1]", Ok(json!([1, null, null]))),
        (
            "({ then(resolve) { resolve('thenable'); } })",
            Ok(json!("thenable")),
        ),
        ("Promise.resolve(Promise.resolve(7))", Ok(json!(7))),
        ("5n", Err((FailureKind::ResultInvalid, "BigInt"))),
        (
            "({ a: { b: 5n } })",
            Err((FailureKind::ResultInvalid, "BigInt")),
        ),
        (
            "{ const o = {}; o.o = o; return o; }",
            Err((FailureKind::ResultInvalid, "refers to itself")),
        ),
        ("(() => 1)", Err((FailureKind::ResultInvalid, "function"))),
        ("Symbol('s')", Err((FailureKind::ResultInvalid, "symbol"))),
        (
            "({ toJSON() { throw new Error('no json') } })",
            Err((FailureKind::ResultInvalid, "no json")),
        ),
        (
            "({ get a() { throw null } })",
            Err((FailureKind::ResultInvalid, "null")),
        ),
        (
            "'x'.repeat(2 << 20)",
            Err((FailureKind::ResultTooLarge, "larger than")),
        ),
        (
            "'é'.repeat(600000)",
            Err((FailureKind::ResultTooLarge, "larger than")),
        ),
        (
            "new Promise(() => {})",
            Err((FailureKind::NeverSettles, "never settle")),
        ),
        (
            "{ setTimeout(() => {}, 1e6).unref(); return new Promise(() => {}); }",
            Err((FailureKind::NeverSettles, "never settle")),
        ),
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
                assert!(
                    failure.message.contains(text),
                    "{result}: {}",
                    failure.message
                );
            }
            (answer, _) => panic!("{result}: {answer:?}"),
        }
    }
    fixture.close();
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
    assert_eq!(
        failure.message,
        "EACCES: permission denied, open '/etc/passwd'"
    );
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
        [(
            Operation::Write,
            "file.txt",
            root.join("file.txt").as_path()
        )]
    );
    fixture.close();
}

#[test]
fn refusals_that_are_too_many_to_tell_are_counted_for_each_call() {
    let mut fixture = Fixture::skill(
        "const fs = require('fs');
         exports.read = (count) => {
            for (let i = 0; i < count; i++) fs.existsSync('/etc/' + i);
            return fs.existsSync('/etc/0');
         };",
        &["read"],
    );
    for (count, told, omitted) in [(256, 256, vec![]), (300, 256, vec![44]), (1, 1, vec![])] {
        fixture.notifications.clear();
        // What was told is no new refusal.
        assert_eq!(fixture.call("read", &json!([count])), Ok(json!(false)));
        assert_eq!(
            (fixture.denied().len(), fixture.omitted()),
            (told, omitted),
            "{count}"
        );
    }
    fixture.close();
}
