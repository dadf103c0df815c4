//! Wrapped servers are skills in this too: their calls are counted, and one that keeps failing is left alone.

use serde_json::Value;
use serde_json::json;

use crate::suite::wrapped::exec;
use crate::suite::wrapped::server;
use crate::suite::wrapped::wrap;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

#[test]
fn its_calls_are_counted() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let on_call =
        "if 'fail' in given: send({'id': id, 'error': {'code': -32000, 'message': 'not today'}})
else: answer(id, text('done'))";
    let Some(program) = server(&test, "counted", on_call) else {
        return;
    };
    wrap(&test, "counted", &[], &[program.to_str().unwrap()]).expect(0);
    let calls = || test.run(&["metrics", "--json"]).expect(0).json()["calls"].take();
    let number = |calls: &Value, name: &str| calls[name].as_u64().unwrap();
    let before = calls();
    assert_eq!(number(&before, "count"), 0, "asking what it has is no call");
    for _ in 0..2 {
        assert_eq!(exec(&test, &["counted", "go"])["result"], "done");
    }
    let running = || test.run(&["ps", "--json"]).expect(0).json()["instances"].take();
    // The one that was asked what it has may still be ending.
    let running = until(running, |running| running.as_array().unwrap().len() == 1);
    assert_eq!(running.as_array().unwrap().len(), 1, "{running}");
    assert_eq!(running[0]["skill"], "counted", "{running}");
    assert_eq!(running[0]["calls"], 2, "{running}");
    let failed = exec(&test, &["counted", "go", "fail=true"]);
    assert_eq!(failed["error"]["code"], "SKILL_EXECUTION_ERROR", "{failed}");
    let after = until(calls, |calls| number(calls, "count") == 3);
    assert_eq!(number(&after, "count"), 3, "{after}");
    assert_eq!(number(&after, "errors"), 1, "{after}");
}

#[test]
fn one_that_is_slow_breaks_off_or_says_too_much_is_left_alone_and_asked_again_after_a_reset() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    for (name, misbehaves, code) in [
        ("silent", "time.sleep(3600)", "SKILL_TIMEOUT"),
        (
            "halting",
            "sys.stdout.write('{\"id\":'); sys.stdout.flush(); os._exit(0)",
            "SKILL_EXECUTION_ERROR",
        ),
        (
            "large",
            "answer(id, text('x' * (65 << 20)))",
            "OUTPUT_LIMIT",
        ),
    ] {
        let on_call = format!("if 'well' in given: answer(id, text('well'))\nelse: {misbehaves}");
        let Some(program) = server(&test, name, &on_call) else {
            return;
        };
        wrap(&test, name, &[], &[program.to_str().unwrap()]).expect(0);
        let call: &[&str] = match name {
            "silent" => &[name, "go", "--timeout", "1"],
            _ => &[name, "go"],
        };
        for _ in 0..2 {
            let told = exec(&test, call);
            assert_eq!(told["error"]["code"], code, "{name}: {told}");
        }
        let refused = exec(&test, &[name, "go", "well=true"]);
        let refusal = json!("CIRCUIT_BREAKER_OPEN");
        assert_eq!(refused["error"]["code"], refusal, "{name}: {refused}");
        test.run(&["reset", name]).expect(0);
        let again = exec(&test, &[name, "go", "well=true"]);
        assert_eq!(again["result"], "well", "{name}: {again}");
    }
}
