//! The shell's lines when they come from elsewhere.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

#[test]
fn a_line_that_fails_does_not_stop_the_rest() {
    let test = TestEnvironment::new();
    let lines = "\n# a comment\n/skills list\nfrobnicate\nexplain 'USAGE\n\nexplain NO_SUCH_CODE\nlist -q # again\n";
    let outcome = test.run_with_input(&[], lines).expect(2);
    assert_eq!(
        outcome.stdout.matches("skill-infrastructure-demo").count(),
        2,
        "{outcome}"
    );
    for text in [
        "There is no command `frobnicate`.",
        "the quotation that begins with ' has no end",
        "There is no error code `NO_SUCH_CODE`.",
    ] {
        assert!(outcome.stderr.contains(text), "{text}: {outcome}");
    }
    assert_eq!(
        test.run_with_input(&[], "list\nexit\nfrobnicate\n")
            .expect(0)
            .stderr,
        ""
    );
    let last = test.run_with_input(&[], "info nothing\nfrobnicate\ninfo nothing\nlist\n");
    last.expect(4);
}

#[test]
fn options_of_the_shell_hold_for_its_lines() {
    let test = TestEnvironment::new();
    let outcome = test
        .run_with_input(&["--json"], "explain USAGE\nlist\nfrobnicate\n")
        .expect(2);
    let values: Vec<serde_json::Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(values.len(), 3, "{outcome}");
    assert!(values.iter().all(|value| value["schema_version"] == 1));
    assert_eq!(values[0]["code"], "USAGE");
    assert_eq!(values[2]["error"]["code"], "USAGE");
    let only_options = test.run_with_input(&[], "--json\n").expect(2);
    assert!(only_options.stdout.contains("no command"), "{only_options}");
}

#[test]
fn help_is_there_and_an_empty_input_is_fine() {
    let test = TestEnvironment::new();
    let help = test.run_with_input(&[], "help\n").expect(0);
    assert!(help.stdout.contains("discover"), "{help}");
    assert_eq!(test.run_with_input(&[], "").expect(0).stdout, "");
}

#[test]
fn without_a_daemon_the_state_lasts_as_long_as_the_shell() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill(
        "tool",
        &["count"],
        "let calls = 0; module.exports = { count() { return ++calls; } };",
    );
    let lines = "exec tool count\nexec tool count\n";
    for options in [&["-q", "--no-daemon"][..], &["-q"]] {
        let outcome = test.run_with_input(options, lines).expect(0);
        assert_eq!(outcome.stdout, "1\n2\n", "{outcome}");
    }
}

#[test]
fn the_folder_of_the_state_is_private() {
    let test = TestEnvironment::new();
    test.run(&["list"]).expect(0);
    for folder in [test.state_folder(), test.root().join("run/mycelium")] {
        let mode = fs_err::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", folder.display());
    }
}
