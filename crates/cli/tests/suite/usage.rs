//! What needs no runtime: the command line itself.

use std::process::Stdio;

use crate::support::TestEnvironment;

#[test]
fn a_command_that_does_not_exist() {
    let test = TestEnvironment::new();
    insta::assert_snapshot!(test.run(&["exce", "hello-world"]).expect(2), @r"
    exit: 2
    --- stdout
    --- stderr
    Error: There is no command `exce`. Did you mean `exec`?

    Error Code: USAGE
    Remediation: Run `mycelium --help` to see the commands, or `mycelium COMMAND --help` for one of them.
    ");
    let error = test.run(&["exce", "--json"]).expect(2).json();
    assert_eq!(error["error"]["code"], "USAGE");
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("`exec`")
    );
    for field in [
        "remediation",
        "context",
        "retryable",
        "stack",
        "diagnostics",
    ] {
        assert!(error["error"].get(field).is_some(), "{field}");
    }
}

#[test]
fn help_and_version_are_results() {
    let test = TestEnvironment::new();
    for arguments in [&["--help"][..], &["-h"], &["help"], &["/skills", "--help"]] {
        let help = test.run(arguments).expect(0);
        assert!(
            help.stdout.contains("Usage: mycelium [OPTIONS] [COMMAND]"),
            "{help}"
        );
        assert_eq!(help.stderr, "", "{help}");
    }
    let long = test.run(&["exec", "--help"]).expect(0);
    assert!(
        long.stdout
            .contains("Examples:\n  mycelium exec hello-world greet Claude"),
        "{long}"
    );
    assert_eq!(test.run(&["help", "exec"]).expect(0).stdout, long.stdout);
    let version = test.run(&["--version"]).expect(0);
    assert_eq!(
        version.stdout,
        format!("mycelium {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn codes_are_explained() {
    let test = TestEnvironment::new();
    insta::assert_snapshot!(test.run(&["skills", "explain", "skill-timeout"]).expect(0), @r"
    exit: 0
    --- stdout
    SKILL_TIMEOUT

    The call took longer than `limits.wallSeconds` in the skill's manifest, `security.maxWallTimeSeconds` in the configuration or --timeout allows, and its worker was ended. What the skill kept in memory is gone; the next call starts it anew.

    Exit status: 7
    Remediation: Increase timeout limit in skill configuration or optimize skill code.
    --- stderr
    ");
    let all = test.run(&["explain", "--json"]).expect(0).json();
    let codes = all["codes"].as_array().unwrap();
    assert!(codes.len() > 30, "{all}");
    assert!(
        codes
            .iter()
            .any(|code| code["code"] == "CPU_LIMIT" && code["exit_status"] == 7)
    );
    let unknown = test.run(&["explain", "SKILL_TIMEUOT"]).expect(2);
    assert!(
        unknown.stderr.contains("Did you mean `SKILL_TIMEOUT`?"),
        "{unknown}"
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let test = TestEnvironment::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = test
        .command(&["completions", "bash"])
        .stdout(Stdio::from(writer))
        .spawn()
        .unwrap();
    let outcome = test.outcome(child).expect(0);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn a_full_disk_is_an_error() {
    let test = TestEnvironment::new();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let child = test
        .command(&["completions", "bash"])
        .stdout(Stdio::from(full))
        .spawn()
        .unwrap();
    let outcome = test.outcome(child).expect(70);
    assert!(outcome.stderr.contains("STATE_UNAVAILABLE"), "{outcome}");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let test = TestEnvironment::new();
    let plain = test.run(&["explain", "USAGE"]).expect(0);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = test
        .run(&["explain", "USAGE", "--color", "always"])
        .expect(0);
    assert!(
        coloured.stdout.contains("\u{1b}[1mUSAGE\u{1b}[0m"),
        "{coloured}"
    );
    let child = test
        .command(&["explain", "USAGE"])
        .env("CLICOLOR_FORCE", "1")
        .spawn()
        .unwrap();
    assert_eq!(test.outcome(child).stdout, coloured.stdout);
}

#[test]
fn a_folder_that_does_not_exist() {
    let test = TestEnvironment::new();
    insta::assert_snapshot!(test.run(&["-C", "nowhere", "list"]).expect(2), @r"
    exit: 2
    --- stdout
    --- stderr
    Error: The folder [ROOT]/project/nowhere cannot be used: No such file or directory (os error 2).

    Error Code: USAGE
    Remediation: Run `mycelium --help` to see the commands, or `mycelium COMMAND --help` for one of them.
    ");
}

#[test]
fn nothing_of_this_starts_a_daemon() {
    let test = TestEnvironment::new();
    for arguments in [
        &["--help"][..],
        &["explain"],
        &["completions", "fish"],
        &["config", "path"],
        &["config", "list"],
        &["doctor"],
        &["daemon", "status"],
        &["daemon", "stop"],
        &["daemon", "logs"],
    ] {
        test.run(arguments);
        assert!(test.daemon().is_none(), "{arguments:?}");
    }
}
