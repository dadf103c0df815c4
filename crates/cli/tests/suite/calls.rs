//! `exec`: good calls, bad calls, what skills print, what they return.

use std::io::BufRead as _;
use std::io::BufReader;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::json;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

const CODE: &str = r"
let calls = 0;
module.exports = {
  count() { return ++calls; },
  echo(...args) { return args; },
  fail() { throw new Error('deliberately\nand on two lines'); },
  loud() { console.log('out \u001b[2J'); console.error('err'); return '\u009b2J\u202e'; },
  nothing() {},
  secret() { return require('fs').readFileSync('/etc/passwd', 'utf8'); },
  sleep() { console.log('asleep'); return new Promise(resolve => setTimeout(resolve, 60000)); },
};
";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    let exports = [
        "count", "echo", "fail", "loud", "nothing", "secret", "sleep",
    ];
    test.skill("tool", &exports, CODE);
    test.skill_with(
        &json!({
            "name": "sums",
            "version": "1.2.0",
            "description": "Adds",
            "entrypoint": "index.js",
            "exports": [{
                "name": "add",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
                    "required": ["a", "b"],
                    "additionalProperties": false,
                },
            }],
        }),
        "module.exports = { add({ a, b }) { return a + b; } };",
    );
    test
}

#[test]
fn results_and_state_across_calls() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    insta::assert_snapshot!(test.run(&["exec", "tool", "count"]).expect(0), @r"
    exit: 0
    --- stdout
    Result: 1

    Execution completed in [TIME]
    --- stderr
    ");
    let second = test
        .run(&["/skills", "exec", "tool", "count", "-q"])
        .expect(0);
    assert_eq!(second.stdout, "2\n");
    let echo = test.run(&[
        "exec",
        "tool",
        "echo",
        "text",
        "-5",
        "007",
        "a=b",
        "[1,null]",
        "99999999999999999999",
    ]);
    assert!(
        echo.stdout.starts_with(
            "Result: [\"text\",-5,\"007\",\"a=b\",[1,null],\"99999999999999999999\"]\n"
        ),
        "{echo}"
    );
    let separated = test.run(&["exec", "-q", "tool", "echo", "--", "--json", "-x"]);
    assert_eq!(separated.stdout, "[\"--json\",\"-x\"]\n");
    assert_eq!(
        test.run(&["-q", "exec", "tool", "nothing"]).stdout,
        "null\n"
    );
}

#[test]
fn arguments_by_name_as_json_and_from_standard_input() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    for arguments in [
        &["a=1", "b=2"][..],
        &["{\"a\": 1, \"b\": 2}"],
        &["--args", "{\"a\": 1, \"b\": 2}"],
    ] {
        let arguments = [&["-q", "exec", "sums", "add"], arguments].concat();
        assert_eq!(
            test.run(&arguments).expect(0).stdout,
            "3\n",
            "{arguments:?}"
        );
    }
    let read = test.run_with_input(
        &["-q", "exec", "tool", "echo", "--args", "-"],
        "[1, \"x\"]\n",
    );
    assert_eq!(read.expect(0).stdout, "[1,\"x\"]\n");

    let missing = test.run(&["exec", "sums", "add", "a=1"]).expect(3);
    assert!(
        missing.stderr.contains("\"b\" is a required property"),
        "{missing}"
    );
    assert!(
        missing.stderr.contains("Error Code: ARGUMENTS_INVALID"),
        "{missing}"
    );
    test.run(&["exec", "sums", "add"]).expect(3);
    insta::assert_snapshot!(test.run(&["exec", "tool", "echo", "--args", "{x"]).expect(3), @r"
    exit: 3
    --- stdout
    --- stderr
    Error: The arguments for tool.echo do not fit: --args is not JSON: key must be a string at line 1 column 2.

    Error Code: ARGUMENTS_INVALID
    Remediation: Run `mycelium info tool` to see what the method takes.
    ");
    let number = test.run(&["exec", "tool", "echo", "--args", "[99999999999999999999]"]);
    assert!(number.expect(3).stderr.contains("would lose digits"));
}

#[test]
fn what_is_nested_too_deep_is_refused_on_the_way_in_and_on_the_way_out() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    test.skill(
        "nest",
        &["nest"],
        "exports.nest = levels => { let v = 1; for (let i = 0; i < levels; i++) v = [v]; return v };",
    );
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for placement in ["--offline", "--no-daemon"] {
        for levels in ["101", "119", "122", "127", "128", "5000"] {
            let result = test.run(&["--json", placement, "exec", "nest", "nest", levels]);
            let error = &result.json()["error"]["code"];
            assert_eq!(error, "RESULT_INVALID", "{levels}: {result}");
            let deep = nested(levels.parse().unwrap());
            for arguments in [&["--args", &format!("[{deep}]")][..], &[&deep]] {
                let command = [&["--json", placement, "exec", "tool", "echo"], arguments].concat();
                let refused = test.run(&command).expect(3);
                let error = &refused.json()["error"]["code"];
                assert_eq!(error, "ARGUMENTS_INVALID", "{levels}: {refused}");
            }
            // The breaker has seen enough of it.
            test.run(&[placement, "reset", "nest"]).expect(0);
        }
        // The function returns the list of its arguments, which is one level more.
        let deepest = nested(99);
        let echo = test.run(&["-q", placement, "exec", "tool", "echo", &deepest]);
        assert_eq!(echo.expect(0).stdout, format!("[{deepest}]\n"));
    }
}

#[test]
fn too_many_open_files_are_told_with_the_limit_and_how_to_raise_it() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "hoarder", "version": "1.0.0", "description": "Opens files",
            "entrypoint": "index.js", "exports": ["open"], "limits": {"openFiles": 16},
        }),
        "exports.open = () => { for (;;) require('fs').openSync(__filename); };",
    );
    let refused = test.run(&["exec", "hoarder", "open"]).expect(7);
    for text in [
        "Error: Skill `hoarder` opened more than 16 files.",
        "Error Code: FILE_LIMIT",
        "increase `limits.openFiles` in the skill's manifest (and `security.maxOpenFiles` in the configuration)",
    ] {
        assert!(refused.stderr.contains(text), "{text}: {refused}");
    }
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let unknown = test.run(&["exec", "tol", "count"]).expect(4);
    assert!(
        unknown.stderr.contains("There is no skill `tol`."),
        "{unknown}"
    );
    assert!(unknown.stderr.contains("Did you mean `tool`?"), "{unknown}");
    let impossible = test.run(&["exec", "../Tool", "count"]).expect(4);
    assert!(
        impossible.stderr.contains("SKILL_NOT_FOUND"),
        "{impossible}"
    );
    let range = test.run(&["exec", "tool@latest!", "count"]).expect(2);
    assert!(range.stderr.contains("USAGE"), "{range}");
    let old = test.run(&["exec", "tool@^2", "count"]).expect(4);
    assert!(old.stderr.contains("SKILL_NOT_FOUND"), "{old}");
    let method = test.run(&["exec", "tool", "conut"]).expect(4);
    assert!(method.stderr.contains("Did you mean `count`?"), "{method}");
    let json = test.run(&["exec", "tol", "count", "--json"]).expect(4);
    assert_eq!(json.json()["error"]["code"], "SKILL_NOT_FOUND");
    assert_eq!(json.stderr, "");
}

#[test]
fn a_failure_has_code_message_stack_and_remedy() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let failure = test.run(&["exec", "tool", "fail"]).expect(1);
    // Which character of a line an error is made at is the engine's affair.
    insta::with_settings!({filters => [(r"index\.js:6:\d+", "index.js:6:[COLUMN]")]}, {
        insta::assert_snapshot!(failure, @r"
        exit: 1
        --- stdout
        --- stderr
        Error: deliberately
          and on two lines
          Stack: Error: deliberately
            and on two lines
            at Object.fail ([ROOT]/project/skills/tool/index.js:6:[COLUMN])

        Error Code: SKILL_EXECUTION_ERROR
        Remediation: Check skill implementation for bugs. Review error logs for details.

        Execution failed after [TIME]
        ");
    });
    let value = test
        .run(&["exec", "tool", "fail", "--json"])
        .expect(1)
        .json();
    assert_eq!(value["skill"], "tool");
    assert_eq!(value["error"]["code"], "SKILL_EXECUTION_ERROR");
    assert!(
        value["error"]["stack"]
            .as_str()
            .unwrap()
            .contains("index.js:6:")
    );
    assert!(value["error"]["correlation_id"].is_string());
    assert!(value.get("result").is_none());
}

#[test]
fn skills_print_to_standard_error_and_do_not_control_the_terminal() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let loud = test.run(&["exec", "tool", "loud"]).expect(0);
    assert_eq!(loud.stderr, "out ␛[2J\nerr\n\n", "{loud}");
    assert!(
        loud.stdout.starts_with("Result: \"\\u009b2J\\u202e\"\n"),
        "{loud}"
    );
    let json = test.run(&["exec", "tool", "loud", "--json"]).expect(0);
    assert_eq!(json.json()["result"], "\u{9b}2J\u{202e}");
    assert!(!json.stdout.contains('\u{9b}'));
}

#[test]
fn events_are_lines_or_json() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let debug = test
        .run(&["exec", "tool", "echo", "Claude", "--skill-debug"])
        .expect(0);
    for line in [
        "[SkillLifecycleManager] Initializing skill: tool",
        "[SkillSandbox] Creating sandbox with limits: 500MB memory, 30s CPU",
        "[SkillLifecycleManager] Skill tool state: LOADED -> INITIALIZING -> READY",
        "[SkillExecutor] Executing tool.echo with args: [\"Claude\"]",
    ] {
        assert!(debug.stderr.contains(line), "{line}: {debug}");
    }
    let json = test
        .run(&["exec", "tool", "echo", "--skill-debug", "--json"])
        .expect(0);
    let events: Vec<serde_json::Value> = json
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        events.iter().any(|event| event["event"] == "executing"),
        "{json}"
    );
    assert!(
        events.iter().all(|event| event["schema_version"] == 1),
        "{json}"
    );
}

#[test]
fn what_was_not_granted_is_refused_and_nothing_leaks() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let refused = test
        .run(&["exec", "tool", "secret", "--skill-debug"])
        .expect(5);
    for text in [
        "[FilesystemGuard] Blocked unauthorized file access:\n  Skill: tool (v1.0.0)\n  Attempted path: /etc/passwd\n  Allowed paths: [<none>]\n",
        "Error Code: SECURITY_VIOLATION\n",
        "Execution blocked by security policy\n",
    ] {
        assert!(refused.stderr.contains(text), "{text}: {refused}");
    }
    assert!(!refused.to_string().contains("root:"), "{refused}");
}

#[test]
fn a_time_limit_for_one_call() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let late = test
        .run(&["exec", "tool", "sleep", "--timeout", "1"])
        .expect(7);
    assert!(late.stderr.contains("Error Code: SKILL_TIMEOUT"), "{late}");
    assert!(late.stderr.contains("took longer than 1 second"), "{late}");
}

#[test]
fn an_interrupt_ends_the_call_and_the_next_one_works() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    for placement in ["--skill-debug", "--no-daemon"] {
        let mut child = test
            .command(&["exec", "tool", "sleep", placement])
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while line.trim_end() != "asleep" {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the call ended");
        }
        rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
        assert!(rest.contains("Error Code: INTERRUPTED"), "{rest}");
    }
    assert_eq!(
        test.run(&["-q", "exec", "tool", "count"]).expect(0).stdout,
        "1\n"
    );
}

#[test]
fn without_a_daemon() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let outcome = test
        .run(&["--no-daemon", "exec", "tool", "count"])
        .expect(0);
    assert!(outcome.stdout.starts_with("Result: 1\n"), "{outcome}");
    assert!(test.daemon().is_none());
}
