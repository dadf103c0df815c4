//! This program in the configuration of agents: written, shown, tried out, removed.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::support::Outcome;
use crate::support::TestEnvironment;
use crate::support::until;

/// The pages about agents, and the scopes that their texts to paste are for; of one text, all of them.
const PAGES: [(&str, &str, &[&str]); 4] = [
    (
        "claude",
        include_str!("../../../../docs/agents/claude-code.md"),
        &["user", "project"],
    ),
    (
        "codex",
        include_str!("../../../../docs/agents/codex.md"),
        &["user", "project"],
    ),
    (
        "cursor",
        include_str!("../../../../docs/agents/cursor.md"),
        &["project", "user"],
    ),
    (
        "vscode",
        include_str!("../../../../docs/agents/vscode.md"),
        &["user", "project"],
    ),
];

fn read(path: &Path) -> String {
    fs_err::read_to_string(path).unwrap()
}

fn state(status: &Value, client: &str, scope: &str) -> Value {
    let all = status["clients"].as_array().unwrap();
    let one = all
        .iter()
        .find(|one| one["client"] == client && one["scope"] == scope);
    one.unwrap().clone()
}

/// What a command says of the agents, once all of them work: one that takes longer than agents wait does not, as on a
/// machine with much to do.
fn good_status(test: &TestEnvironment, command: &[&str]) -> Outcome {
    until(|| test.run(command), |told| told.status == 0).expect(0)
}

#[test]
fn what_the_pages_say_to_paste_is_what_is_printed() {
    let test = TestEnvironment::new();
    for (client, page, scopes) in PAGES {
        let blocks: Vec<_> = (page.split("```").skip(1).step_by(2))
            .filter_map(|block| {
                block
                    .strip_prefix("json\n")
                    .or(block.strip_prefix("toml\n"))
            })
            .collect();
        for (index, scope) in scopes.iter().enumerate() {
            let block = match client {
                "cursor" => blocks[index],
                _ => blocks[0],
            };
            let arguments = [
                "mcp", "install", "--client", client, "--scope", scope, "--print",
            ];
            let mut command = test.command(&arguments);
            // Everything is where it usually is.
            let output = command.env_remove("XDG_RUNTIME_DIR").output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let program = env!("CARGO_BIN_EXE_mycelium");
            let documented = block.replace("/usr/local/bin/mycelium", program);
            match client {
                "codex" => assert_eq!(printed, documented),
                _ => {
                    let printed: Value = serde_json::from_str(&printed).unwrap();
                    let documented: Value = serde_json::from_str(&documented).unwrap();
                    assert_eq!(printed, documented, "{client} {scope}");
                }
            }
        }
    }
    // Nothing was written.
    assert!(!test.root().join("home/.claude.json").exists());
    assert!(!test.workspace().join(".mcp.json").exists());
}

#[test]
fn a_moved_folder_of_claude_code_is_told_to_the_person_s_own_servers_alone() {
    let test = TestEnvironment::new();
    let moved = test.root().join("moved");
    for (scope, expected) in [
        ("user", Value::from(moved.to_str().unwrap())),
        ("project", Value::Null),
    ] {
        let arguments = [
            "mcp", "install", "--client", "claude", "--scope", scope, "--print", "--json",
        ];
        let mut command = test.command(&arguments);
        let output = command.env("CLAUDE_CONFIG_DIR", &moved).output().unwrap();
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed["entry"]["env"]["CLAUDE_CONFIG_DIR"], expected);
    }
}

#[test]
fn an_agent_gets_an_entry_that_works_and_loses_it_again() {
    let test = TestEnvironment::new();
    test.file(".mcp.json", "{\n  // ours\n  \"mcpServers\": {}\n}\n");
    for (client, scope) in [
        ("claude", "project"),
        ("codex", "user"),
        ("vscode", "project"),
    ] {
        let install = [
            "mcp", "install", "--client", client, "--scope", scope, "--json",
        ];
        let first = test.run(&install).expect(0).json();
        assert_eq!(first["changed"], true, "{first}");
        assert_eq!(test.run(&install).expect(0).json()["changed"], false);
        let status = good_status(&test, &["mcp", "status", "--json"]).json();
        let one = state(&status, client, scope);
        assert_eq!(one["state"], "works", "{one}");
        assert_eq!(one["file"], first["file"]);
    }
    assert!(read(&test.workspace().join(".mcp.json")).contains("// ours"));
    let said = good_status(&test, &["mcp", "status"]).stdout;
    assert!(
        said.contains("works") && said.contains("not there"),
        "{said}"
    );

    let uninstall = [
        "mcp",
        "install",
        "--client",
        "claude",
        "--scope",
        "project",
        "--uninstall",
    ];
    let said = test.run(&uninstall).expect(0).stdout;
    assert!(
        said.starts_with("Claude Code no longer starts Mycelium"),
        "{said}"
    );
    let said = test.run(&uninstall).expect(0).stdout;
    assert!(said.starts_with("Claude Code has no entry"), "{said}");
    let status = good_status(&test, &["mcp", "status", "--json"]).json();
    assert_eq!(state(&status, "claude", "project")["state"], "absent");
}

#[test]
fn what_no_longer_works_is_told_with_its_reason() {
    let test = TestEnvironment::new();
    let servers = |command: &Path, args: Value| {
        json!({"mcpServers": {"mycelium": {"command": command, "args": args}}}).to_string()
    };
    let script = test.root().join("home/other");
    for (command, body, args, reason) in [
        ("/gone/mycelium", "", json!([]), "cannot be started"),
        ("", "#!/bin/sh\nexit 0\n", json!([]), "it ended"),
        (
            "",
            "#!/bin/sh\nread -r line; echo hello\n",
            json!([]),
            "does not answer",
        ),
        (
            "",
            "#!/bin/sh\nread -r line; echo '{\"id\":1,\"result\":{\"serverInfo\":{\"name\":\"x\"}}}'\n",
            json!([]),
            "another server, `x`",
        ),
        (
            "",
            "#!/bin/sh\nread -r line; echo '{}'\n",
            json!([]),
            "no MCP server",
        ),
    ] {
        test.executable(&script, body);
        let command = match command {
            "" => script.as_path(),
            gone => Path::new(gone),
        };
        test.file(".cursor/mcp.json", &servers(command, args));
        let look = || {
            let status = test.run(&["mcp", "status", "--json"]).expect(3).json();
            state(&status, "cursor", "project")
        };
        let is_told = |one: &Value| one["reason"].as_str().unwrap().contains(reason);
        let one = until(look, is_told);
        assert_eq!(one["state"], "broken");
        assert!(is_told(&one), "{one}");
    }
    let said = test.run(&["mcp", "status"]).expect(3).stdout;
    assert!(
        said.contains("mycelium mcp install --client cursor --scope project"),
        "{said}"
    );
}

#[test]
fn a_file_with_a_mistake_is_left_alone() {
    let test = TestEnvironment::new();
    let broken = "{\n  \"mcpServers\": {\n";
    test.file(".mcp.json", broken);
    let install = ["mcp", "install", "--client", "claude", "--scope", "project"];
    let said = test.run(&install).expect(3).stderr;
    assert!(said.contains("CONFIG_INVALID"), "{said}");
    assert!(
        said.contains(".mcp.json:") && said.contains("--print"),
        "{said}"
    );
    assert!(said.contains("Correct the file of the agent"), "{said}");
    assert_eq!(read(&test.workspace().join(".mcp.json")), broken);
    let status = test.run(&["mcp", "status", "--json"]).expect(3).json();
    assert_eq!(state(&status, "claude", "project")["state"], "broken");
}

#[test]
fn a_client_that_is_not_known_is_told_with_those_that_are() {
    let test = TestEnvironment::new();
    let said = test
        .run(&["mcp", "install", "--client", "emacs"])
        .expect(2)
        .stderr;
    assert!(said.contains("claude, codex, cursor, vscode"), "{said}");
    let said = test.run(&["mcp", "install"]).expect(2).stderr;
    assert!(said.contains("--client"), "{said}");
}

#[test]
fn two_at_once_leave_both_clients_whole() {
    let test = TestEnvironment::new();
    test.file(
        ".mcp.json",
        "{\"mcpServers\": {\"other\": {\"command\": \"x\"}}}",
    );
    let install = [
        "mcp", "install", "--client", "claude", "--scope", "project", "--json",
    ];
    let running: Vec<_> = (0..4)
        .map(|_| {
            let mut command = test.command(&install);
            command
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let changed = (running.into_iter())
        .map(|child| test.outcome(child).expect(0).json())
        .filter(|outcome| outcome["changed"] == true);
    assert_eq!(changed.count(), 1);
    let after: Value = serde_json::from_str(&read(&test.workspace().join(".mcp.json"))).unwrap();
    assert_eq!(after["mcpServers"]["other"]["command"], "x");
    assert_eq!(
        after["mcpServers"]["mycelium"]["args"],
        json!(["mcp", "serve"])
    );
}
