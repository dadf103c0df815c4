//! The plugin for Claude Code, as Claude Code takes it, and the sessions that its hooks open and close.

use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::support::ClaudeCode;
use crate::support::Outcome;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

const COUNTER: &str = "
module.exports = {
  onInit() { this.calls = 0; },
  count() { return ++this.calls; },
};
";

fn repository() -> PathBuf {
    fs_err::canonicalize("../..").unwrap()
}

fn read(path: &str) -> String {
    fs_err::read_to_string(repository().join(path)).unwrap()
}

/// The sessions that have a running skill.
fn sessions(test: &TestEnvironment) -> Vec<String> {
    let report = test.run(&["ps", "--json"]).expect(0).json();
    let instances = report["instances"].as_array().unwrap();
    let session = |instance: &Value| instance["session"].as_str().unwrap_or_default().to_owned();
    instances.iter().map(session).collect()
}

#[test]
fn claude_code_takes_the_plugin() {
    let test = TestEnvironment::new();
    let Some(claude_code) = ClaudeCode::of(&test) else {
        return;
    };
    let repository = repository();
    for path in [repository.join("plugin"), repository.clone()] {
        let path = path.to_str().unwrap();
        claude_code
            .run(&["plugin", "validate", "--strict", path])
            .expect(0);
    }
    claude_code.install(&repository, "mycelium@mycelium");
    let plugins = claude_code.plugins();
    assert_eq!(plugins[0]["enabled"], true, "{plugins}");
    assert_eq!(
        plugins[0]["version"],
        env!("CARGO_PKG_VERSION"),
        "{plugins}"
    );
    let parts = claude_code
        .run(&["plugin", "details", "mycelium"])
        .expect(0);
    for part in [
        "Skills (2)  mycelium, skills",
        "Hooks (2)  SessionStart, SessionEnd",
        "MCP servers (1)  mycelium",
    ] {
        assert!(parts.stdout.contains(part), "{parts}");
    }

    // The command it names speaks MCP with the real client.
    let servers = claude_code.run(&["mcp", "list"]).expect(0);
    let line = "plugin:mycelium:mycelium: mycelium mcp serve --tool-prefix mcp__plugin_mycelium_mycelium__ - ✔ Connected";
    assert!(servers.stdout.contains(line), "{servers}");

    // Nobody answers the conversation, which begins and ends all the same.
    claude_code.run(&["-p", "hello"]).expect(1);
    let written = environment_files(&test.root().join("home/.claude/session-env"));
    let [line] = written.as_slice() else {
        panic!("{written:?}");
    };
    assert!(
        line.starts_with("export MYCELIUM_SESSION=claude-"),
        "{line}"
    );
}

#[test]
fn the_server_knows_what_claude_code_puts_before_names() {
    let manifest: Value = serde_json::from_str(&read("plugin/.claude-plugin/plugin.json")).unwrap();
    let plugin = manifest["name"].as_str().unwrap();
    let servers = manifest["mcpServers"].as_object().unwrap();
    assert_eq!(servers.len(), 1);
    for (server, entry) in servers {
        let prefix = format!("mcp__plugin_{plugin}_{server}__");
        let expected = json!(["mcp", "serve", "--tool-prefix", prefix]);
        assert_eq!(entry["args"], expected);
    }
}

/// What the hooks of conversations have written for the commands of these.
fn environment_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for conversation in fs_err::read_dir(folder).unwrap() {
        for file in fs_err::read_dir(conversation.unwrap().path()).unwrap() {
            found.push(fs_err::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    found
}

/// Runs the plugin's hook as Claude Code does.
fn hook(test: &TestEnvironment, action: &str, path: &str, input: &str) -> Outcome {
    let script = repository().join("plugin/hooks/session.sh");
    let mut child = test
        .command_of(&script, &[action])
        .env("PATH", path)
        .env("CLAUDE_ENV_FILE", test.root().join("environment"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    test.outcome(child)
}

#[test]
fn hooks_open_and_close_a_session_and_never_get_in_the_way() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("counter", &["count"], COUNTER);
    let own = Path::new(env!("CARGO_BIN_EXE_mycelium")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", own.display());
    let input = json!({"session_id": "0a1b-2c", "hook_event_name": "SessionStart", "cwd": "/"});
    let opened = hook(&test, "open", &path, &input.to_string()).expect(0);
    assert_eq!(opened.stdout, "", "{opened}");
    assert!(test.daemon().is_some());
    let environment = fs_err::read_to_string(test.root().join("environment")).unwrap();
    assert_eq!(environment, "export MYCELIUM_SESSION=claude-0a1b-2c\n");

    for (session, expected) in [
        ("claude-0a1b-2c", "1\n"),
        ("claude-0a1b-2c", "2\n"),
        ("x", "1\n"),
    ] {
        let child = test
            .command(&["-q", "exec", "counter", "count"])
            .env("MYCELIUM_SESSION", session)
            .spawn()
            .unwrap();
        assert_eq!(test.outcome(child).expect(0).stdout, expected);
    }
    let closed = hook(&test, "close", &path, &input.to_string()).expect(0);
    assert_eq!(closed.stdout, "", "{closed}");
    // The daemon ends it by itself, when the hook is gone.
    let left = until(|| sessions(&test), |left| left.len() == 1);
    assert_eq!(left, ["x"]);

    // Bad input, a name that a shell would read, no program at all.
    for (path, input) in [
        (path.as_str(), "{"),
        (&path, "{\"session_id\": \"$(id)\"}"),
        ("/usr/bin:/bin", "{\"session_id\": \"a\"}"),
    ] {
        for action in ["open", "close"] {
            let outcome = hook(&test, action, path, input).expect(0);
            assert_eq!(outcome.stdout, "", "{outcome}");
        }
    }
    let environment = fs_err::read_to_string(test.root().join("environment")).unwrap();
    assert_eq!(environment.lines().count(), 1, "{environment}");
}

#[test]
fn sessions_are_opened_and_closed_by_name() {
    let test = TestEnvironment::new();
    let closed = test.run(&["session", "close", "release-7"]).expect(0);
    assert_eq!(closed.stdout, "The daemon does not run\n");
    let opened = test.run(&["session", "open", "release-7"]).expect(0);
    assert_eq!(opened.stdout, "export MYCELIUM_SESSION=release-7\n");
    let closed = test.run(&["session", "close", "release-7"]).expect(0);
    assert_eq!(closed.stdout, "The session release-7 has ended\n");
    let opened = test.run(&["session", "open", "a", "--json"]).expect(0);
    assert_eq!(
        opened.json(),
        json!({"schema_version": 1, "session": "a", "open": true})
    );
    for arguments in [
        &["session", "open"][..],
        &["session", "open", "a b"],
        &["session", "close", "a", "--hook"],
        &["session", "open", "--hook"],
    ] {
        test.run(arguments).expect(2);
    }
}

#[test]
fn what_the_plugins_skill_teaches_works() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let skill = repository().join("plugin/skills/mycelium");
    test.run(&["validate", "--strict", skill.to_str().unwrap()])
        .expect(0);
    let text = read("plugin/skills/mycelium/SKILL.md");
    let block = |language: &str| {
        let begin = format!("\n```{language}\n");
        let (_, rest) = text.split_once(&begin).unwrap();
        rest.split_once("\n```").unwrap().0.to_owned()
    };
    test.file(".claude/skills/greeter/skill.json", &block("json"))
        .file(".claude/skills/greeter/index.js", &block("js"));
    test.run(&["validate", "--strict", ".claude/skills/greeter"])
        .expect(0);
    let greeted = test
        .run(&["-q", "exec", "greeter", "greet", "name=Ada"])
        .expect(0);
    assert_eq!(greeted.stdout, "\"Hello, Ada!\"\n");
    // Codes and commands that it names exist.
    for code in text.split('`').skip(1).step_by(2) {
        if code.contains('_') && code.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
            test.run(&["explain", code]).expect(0);
        }
    }
}

#[test]
fn manifests_say_the_version_and_point_at_files() {
    let plugin: Value = serde_json::from_str(&read("plugin/.claude-plugin/plugin.json")).unwrap();
    assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"));
    let market: Value = serde_json::from_str(&read(".claude-plugin/marketplace.json")).unwrap();
    let entry = &market["plugins"][0];
    assert_eq!(entry["name"], plugin["name"]);
    assert_eq!(entry["description"], plugin["description"]);
    let source = entry["source"].as_str().unwrap();
    assert!(repository().join(source).join("README.md").is_file());
    let hooks: Value = serde_json::from_str(&read("plugin/hooks/hooks.json")).unwrap();
    for (event, action) in [("SessionStart", "open"), ("SessionEnd", "close")] {
        let command = hooks["hooks"][event][0]["hooks"][0]["command"]
            .as_str()
            .unwrap();
        let expected = format!("\"${{CLAUDE_PLUGIN_ROOT}}/hooks/session.sh\" {action}");
        assert_eq!(command, expected);
    }
    // The command of the plugin may run what it names, and nothing that grants.
    let command = read("plugin/commands/skills.md");
    let allowed = command
        .lines()
        .find(|line| line.starts_with("allowed-tools:"));
    let allowed = allowed.unwrap();
    for verb in [
        "discover", "info", "exec", "metrics", "reset", "reload", "unload",
    ] {
        assert!(
            allowed.contains(&format!("Bash(mycelium skills {verb}:*)")),
            "{verb}"
        );
    }
    assert!(!allowed.contains("trust"));
}
