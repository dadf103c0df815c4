//! What happens where a person sits at a terminal: the shell, and questions.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::Terminal;
use crate::support::TestEnvironment;

#[test]
fn the_shell_completes_runs_and_remembers() {
    let test = TestEnvironment::new();
    test.skill(
        "greeter",
        &["greet", "goodbye"],
        "module.exports = { greet() {}, goodbye() {} };",
    );
    let mut command = test.command(&[]);
    let mut terminal = Terminal::attach(&mut command);
    let mut shell = command.spawn().unwrap();
    drop(command);
    terminal.wait_for("mycelium> ");
    terminal.type_keys("/skills dis\t\r");
    terminal.wait_for("- greeter (v1.0.0) - newly discovered");
    terminal.wait_for("mycelium> ");
    terminal.type_keys("info gre\t\r");
    terminal.wait_for("Skill: greeter (v1.0.0)");
    terminal.wait_for("mycelium> ");
    terminal.type_keys("exec greeter g\t\t");
    terminal.wait_for("goodbye");
    terminal.type_keys("\u{3}");
    // The end of the line that was given up, then the next one's beginning.
    terminal.wait_for("[?2004l");
    terminal.wait_for("mycelium> ");
    terminal.type_keys("frobnicate\r");
    terminal.wait_for("Error Code: USAGE");
    terminal.wait_for("mycelium> ");
    terminal.type_keys("\u{4}");
    assert_eq!(shell.wait().unwrap().code(), Some(0));

    let history = test.state_folder().join("history");
    let mode = fs_err::metadata(&history).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let history = fs_err::read_to_string(history).unwrap();
    assert!(history.contains("/skills discover"), "{history}");
}

#[test]
fn trust_is_asked_for_and_answered() {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "caller",
            "version": "1.0.0",
            "description": "Calls",
            "entrypoint": "index.js",
            "exports": ["call"],
            "permissions": [{"type": "network", "hosts": ["api.example.com"]}],
        }),
        "module.exports = { call() {} };",
    );
    for (arguments, answer, shown, status) in [
        (&["trust"][..], "n\r", "Nothing was granted.", 5),
        (&["trust"], "\r", "Nothing was granted.", 5),
        (&["trust"], "y\r", "is trusted", 0),
        (&["trust", "caller"], "no\r", "Nothing was granted.", 5),
        (
            &["trust", "caller"],
            "never\r",
            "is refused what it asks for",
            0,
        ),
        (&["trust", "caller"], "once\r", "until the daemon ends", 0),
        (
            &["trust", "caller"],
            "y\r",
            "is granted what it asks for",
            0,
        ),
    ] {
        let mut command = test.command(arguments);
        let mut terminal = Terminal::attach(&mut command);
        let mut child = command.spawn().unwrap();
        drop(command);
        if arguments.len() > 1 {
            terminal.wait_for("- network: requests to api.example.com");
        }
        terminal.wait_for(if arguments.len() > 1 {
            "[y/N/once/never] "
        } else {
            "[y/N] "
        });
        terminal.type_keys(answer);
        terminal.wait_for(shown);
        assert_eq!(
            child.wait().unwrap().code(),
            Some(status),
            "{arguments:?} {answer:?}"
        );
    }
}

#[test]
fn a_call_asks_for_what_its_skill_needs_and_goes_on_with_a_yes() {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "caller",
            "version": "1.0.0",
            "description": "Calls",
            "entrypoint": "index.js",
            "exports": ["call"],
            "permissions": [{
                "type": "network",
                "hosts": ["api.example.com"],
                "reason": "asks for the weather",
            }],
        }),
        "module.exports = { call() { return 'called'; } };",
    );
    for (answer, shown, status) in [
        ("n\r", "PERMISSION_REQUIRED", 5),
        ("once\r", "called", 0),
        ("", "called", 0),
    ] {
        let mut command = test.command(&["exec", "caller", "call"]);
        let mut terminal = Terminal::attach(&mut command);
        let mut child = command.spawn().unwrap();
        drop(command);
        if !answer.is_empty() {
            terminal.wait_for("- network: requests to api.example.com");
            terminal.wait_for("asks for the weather");
            terminal.wait_for("[y/N/once/never] ");
            terminal.type_keys(answer);
        }
        terminal.wait_for(shown);
        assert_eq!(child.wait().unwrap().code(), Some(status), "{answer:?}");
    }
}

#[test]
fn a_secret_is_typed_unseen() {
    let test = TestEnvironment::new();
    let mut command = test.command(&["config", "set", "--secret", "TOKEN"]);
    let mut terminal = Terminal::attach(&mut command);
    let mut child = command.spawn().unwrap();
    drop(command);
    terminal.wait_for("Value of TOKEN (not shown): ");
    terminal.type_keys("hunter2\r");
    let shown = terminal.wait_for("Secret TOKEN is stored");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
