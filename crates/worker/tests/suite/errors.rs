//! Errors and their stacks, as programs see and shape them.

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;
use serde_json::Value;

/// Each line of the program and what it gives; `F` stands for the file.
const CASES: &[(&str, &str)] = &[
    (
        "new Error('m').stack.split('\\n').slice(0, 2)",
        r#"["Error: m", "    at F:1:1"]"#,
    ),
    (
        "(function named() { return new TypeError('t'); })().stack.split('\\n').slice(0, 2)",
        r#"["TypeError: t", "    at named (F:1:1)"]"#,
    ),
    (
        "{ const e = new Error('a'); e.stack = 'mine'; return [e.stack, Object.keys(e)]; }",
        r#"["mine", []]"#,
    ),
    (
        "{ const e = new Error('a'); e.stack = undefined; return [typeof e.stack, e instanceof Error]; }",
        r#"["undefined", true]"#,
    ),
    (
        "{ const o = {}; Error.captureStackTrace(o); return [o.stack.split('\\n')[0], Object.keys(o), o.stack.includes('captureStackTrace')]; }",
        r#"["Error", [], false]"#,
    ),
    (
        "{ function outer() { inner(); } function inner() { const o = { name: 'N', message: 'M' }; Error.captureStackTrace(o, inner); throw o; } try { outer(); } catch (o) { return o.stack.split('\\n').slice(0, 2).map((l) => l.replace(/:\\d+:\\d+/, '')); } }",
        r#"["N: M", "    at outer (F)"]"#,
    ),
    (
        "{ const old = Error.prepareStackTrace; Error.prepareStackTrace = (error, sites) => sites; const sites = new Error().stack; Error.prepareStackTrace = old; const s = sites[0]; return [old === undefined, Array.isArray(sites), s.getFileName(), s.getLineNumber(), s.isNative(), s.isEval(), s.isConstructor(), s.getThis() === undefined, s.getFunction() === undefined, typeof s.getTypeName(), typeof s.toString()]; }",
        r#"[true, true, "F", 1, false, false, false, true, true, "string", "string"]"#,
    ),
    (
        "{ Error.prepareStackTrace = (error) => `prepared ${error.message}`; const e = new Error('p'); Error.prepareStackTrace = undefined; return [e.stack, new Error('q').stack.split('\\n')[0]]; }",
        r#"["prepared p", "Error: q"]"#,
    ),
    (
        "{ const old = Error.stackTraceLimit; Error.stackTraceLimit = 0; const e = new Error('none'); Error.stackTraceLimit = old; return [old, e.stack]; }",
        r#"[10, "Error: none"]"#,
    ),
    (
        "{ const f = (n) => f(n + 1); try { f(0); } catch (e) { return [e instanceof RangeError, e.stack.startsWith('RangeError: Maximum call stack size exceeded')]; } }",
        "[true, true]",
    ),
    (
        "{ const e = Object.freeze(new Error('frozen')); return e.stack.split('\\n')[0]; }",
        r#""Error: frozen""#,
    ),
    (
        "{ const e = new Error('x', { cause: 1 }); return [e.cause, Object.hasOwn(e, 'cause'), new AggregateError([1], 'all').errors]; }",
        "[1, true, [1]]",
    ),
    (
        "{ try { JSON.parse('{'); } catch (e) { return e.stack.split('\\n')[1]; } }",
        r#""    at JSON.parse (<anonymous>)""#,
    ),
    (
        "{ try { new Function('a b'); } catch (e) { return e.name; } }",
        r#""SyntaxError""#,
    ),
    (
        "{ class Own extends Error { constructor(m) { super(m); this.name = 'Own'; } } const e = new Own('o'); return [String(e), e.stack.split('\\n')[0]]; }",
        r#"["Own: o", "Own: o"]"#,
    ),
    (
        "{ const e = new Error('hostile'); Object.defineProperty(e, 'name', { get() { throw 1; } }); return e.stack.split('\\n')[0]; }",
        r#""<error>""#,
    ),
];

#[test]
fn stacks_have_v8s_shape() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("errors.js");
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    for (case, expected) in CASES {
        let text = match case.starts_with('{') {
            true => (*case).to_owned(),
            false => format!("return {case}"),
        };
        let result = engine
            .evaluate(&text, &file)
            .unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
        let mut actual: Value = serde_json::from_str(&result).unwrap();
        normalize(&mut actual, &file.display().to_string());
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(actual, expected, "{case}");
    }
}

/// The file's name and the places in it differ with every run and every edit.
fn normalize(value: &mut Value, file: &str) {
    match value {
        Value::String(text) => {
            let mut shown = text.replace(file, "F");
            if let Some(at) = shown.find("F:") {
                let end = if shown.ends_with(')') { ")" } else { "" };
                shown.truncate(at);
                shown.push_str("F:1:1");
                shown.push_str(end);
            }
            *text = shown;
        }
        Value::Array(items) => {
            for item in items {
                normalize(item, file);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
}
