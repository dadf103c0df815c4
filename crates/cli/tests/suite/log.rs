//! `log`: the audit log from outside.

use std::io::BufRead as _;
use std::io::BufReader;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

const CODE: &str = "
const fs = require('fs');
module.exports = {
  greet(name) { return name; },
  read(path) { return fs.readFileSync(path, 'utf8'); },
};
";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("tool", &["greet", "read"], CODE);
    test.skill("other", &["greet", "read"], CODE);
    test
}

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_log_that_is_not_there_is_whole() {
    let test = TestEnvironment::new();
    let shown = test.run(&["log"]).expect(0);
    assert!(
        shown.stderr.contains("The audit log has no such entry."),
        "{shown}"
    );
    let verified = test.run(&["log", "verify"]).expect(0);
    assert_eq!(verified.stdout, "There is no audit log yet.\n");
    test.run(&["log", "--since", "yesterday"]).expect(2);
    test.run(&["log", "verify", "--anchor", "x"]).expect(2);
}

#[test]
fn entries_are_shown_filtered_exported_and_verified() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    test.run(&["exec", "tool", "greet", "Claude"]).expect(0);
    test.run(&["exec", "other", "greet", "x"]).expect(0);
    test.run(&["exec", "tool", "read", "/etc/passwd"]).expect(5);
    // Another process, while the daemon has the log too.
    test.run(&["exec", "other", "greet", "in-process", "--no-daemon"])
        .expect(0);

    let shown = test
        .run(&["log", "--skill", "tool", "--since", "1h"])
        .expect(0);
    assert!(
        shown
            .stdout
            .contains(" call tool@1.0.0 method=greet arguments=[\"Claude\"] outcome=OK "),
        "{shown}"
    );
    assert!(
        shown
            .stdout
            .contains(" violation tool@1.0.0 operation=read attempted=/etc/passwd "),
        "{shown}"
    );
    assert!(!shown.stdout.contains("other@"), "{shown}");
    let entries = objects(&test.run(&["log", "--json", "-n", "2"]).expect(0).stdout);
    assert_eq!(entries.len(), 2);
    let calls = objects(
        &test
            .run(&["log", "--json", "--skill", "other"])
            .expect(0)
            .stdout,
    );
    let calls = calls.iter().filter(|entry| entry["kind"] == "call");
    assert_eq!(calls.count(), 2);

    let exported = test
        .run(&["log", "export", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(exported["verification"]["valid"], true);
    let exported = exported["entries"].as_array().unwrap();
    assert_eq!(exported[0]["kind"], "opened");
    assert!(exported.iter().any(|entry| entry["kind"] == "violation"));
    let verified = test.run(&["log", "verify"]).expect(0);
    assert!(
        verified.stdout.starts_with("The audit log is whole: "),
        "{verified}"
    );
}

#[test]
fn a_tampered_copy_is_named_by_file_line_and_entry() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    for name in ["one", "two", "three"] {
        test.run(&["exec", "tool", "greet", name]).expect(0);
    }
    test.run(&["daemon", "stop"]).expect(0);
    let verified = test.run(&["log", "verify", "--json"]).expect(0).json();
    let anchor = verified["last"].as_str().unwrap();
    test.run(&["log", "verify", "--anchor", anchor]).expect(0);
    let key = verified["keys"][0].as_str().unwrap();

    let original = test.state_folder().join("audit");
    let text = fs_err::read_to_string(original.join("000001.jsonl")).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("\"two\""))
        .unwrap()
        + 1;
    let copy = test.workspace().join("copy");
    let place = copy.join("000001.jsonl");
    fs_err::create_dir(&copy).unwrap();
    fs_err::copy(original.join("head.json"), copy.join("head.json")).unwrap();
    let verify = || test.run(&["log", "verify", "copy", "--key", key, "--json"]);
    fs_err::write(&place, &text).unwrap();
    assert_eq!(verify().expect(0).json()["valid"], true);

    let changes: [(&str, String); 3] = [
        ("edited", text.replace("\"two\"", "\"2wo\"")),
        (
            "removed",
            text.lines()
                .filter(|line| !line.contains("\"two\""))
                .map(|line| format!("{line}\n"))
                .collect(),
        ),
        (
            "truncated",
            text.lines()
                .take(line - 1)
                .map(|line| format!("{line}\n"))
                .collect(),
        ),
    ];
    for (finding, changed) in changes {
        fs_err::write(&place, changed).unwrap();
        let problem = verify().expect(5).json()["problem"].clone();
        assert_eq!(problem["finding"], finding);
        assert_eq!(problem["sequence"], line, "{problem}");
        assert!(
            problem["file"]
                .as_str()
                .unwrap()
                .ends_with("copy/000001.jsonl")
        );
    }
    let told = test.run(&["log", "verify", "copy"]).expect(5);
    assert!(
        told.stdout
            .contains("the log was cut off before this entry"),
        "{told}"
    );
}

#[test]
fn a_follower_sees_what_another_command_does() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut follower = test
        .command(&["log", "--follow", "--json"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap());
    test.run(&["exec", "tool", "greet", "watched"]).expect(0);
    let mut line = String::new();
    while !line.contains("watched") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0);
    }
    rustix::process::kill_process(Pid::from_child(&follower), Signal::INT).unwrap();
    assert_eq!(follower.wait().unwrap().code(), Some(130));
}

#[test]
fn every_answered_call_is_on_record_when_the_daemon_is_killed() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let calls: String = (0..300)
        .map(|number| format!("exec tool greet n{number}\n"))
        .collect();
    let answered = test.run_with_input(&["--json"], &calls).expect(0);
    assert_eq!(objects(&answered.stdout).len(), 300);
    rustix::process::kill_process(test.daemon().unwrap(), Signal::KILL).unwrap();
    let shown = test.run(&["log", "--json", "-n", "1000"]).expect(0);
    let entries = objects(&shown.stdout);
    for number in 0..300 {
        let argument = format!("n{number}");
        let is_call = |entry: &Value| entry["detail"]["arguments"][0] == argument.as_str();
        assert_eq!(
            entries.iter().filter(|entry| is_call(entry)).count(),
            1,
            "{argument}"
        );
    }
    test.run(&["log", "verify"]).expect(0);
    test.run(&["exec", "tool", "greet", "after"]).expect(0);
    test.run(&["log", "verify"]).expect(0);
}
