//! Other MCP servers on the command line: those of other people, and ourselves.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::support::TestEnvironment;
use crate::support::missing;
use crate::support::sandbox_holds;
use crate::support::until;

/// What starts each server that other people wrote, if they are here.
pub(crate) fn servers_of_others() -> Option<Value> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the test run itself"
    )]
    let list = std::env::var("MYCELIUM_TEST_MCP_SERVERS").map(PathBuf::from);
    let Ok(list) = list else {
        missing("there are no MCP servers of others: `cargo xtask test` fetches them");
        return None;
    };
    let list = fs_err::read_to_string(list).unwrap();
    Some(serde_json::from_str(&list).unwrap())
}

/// The entry of a server, with more arguments.
fn entry(command: &Value, more: &[&str]) -> Value {
    let mut words: Vec<_> = command.as_array().unwrap().clone();
    words.extend(more.iter().map(|word| Value::from(*word)));
    json!({"command": words[0], "args": words[1..]})
}

pub(crate) fn call(test: &TestEnvironment, arguments: &[&str]) -> Value {
    let words: Vec<_> = ["mcp", "call"].iter().chain(arguments).copied().collect();
    let outcome = test.run(&[&words[..], &["--json"]].concat()).expect(0);
    outcome.json()["result"].clone()
}

#[test]
fn servers_that_other_people_wrote_are_listed_described_and_called() {
    let Some(servers) = servers_of_others() else {
        return;
    };
    let test = TestEnvironment::new();
    let project = test.workspace();
    let project = project.to_str().unwrap();
    let memory = test.root().join("home/memory.json");
    let mut remembering = entry(&servers["memory"], &[]);
    remembering["env"] = json!({"MEMORY_FILE_PATH": memory});
    let own = json!({"mcpServers": {
        "everything": entry(&servers["everything"], &[]),
        "filesystem": entry(&servers["filesystem"], &[project]),
        "memory": remembering,
        "time": entry(&servers["time"], &["--local-timezone=UTC"]),
        "git": entry(&servers["git"], &[]),
    }});
    fs_err::write(test.root().join("home/.claude.json"), own.to_string()).unwrap();
    test.file("note.txt", "written by hand");

    let everything = test.run(&["mcp", "tools", "everything", "--json"]).json();
    let names: Vec<_> = everything["tools"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|tool| tool["name"] == "echo"), "{names:?}");
    assert!(!everything["resources"].as_array().unwrap().is_empty());
    let echoed = call(&test, &["everything", "echo", "message=hello"]);
    assert_eq!(echoed["content"][0]["text"], "Echo: hello");

    let time = call(
        &test,
        &[
            "time",
            "convert_time",
            "source_timezone=UTC",
            "time=12:00",
            "target_timezone=Asia/Tokyo",
        ],
    );
    assert!(
        time["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("21:00"),
        "{time}"
    );

    // What one server says goes to another.
    let path = format!("path={project}/note.txt");
    let note = call(&test, &["filesystem", "read_text_file", &path]);
    let text = note["content"][0]["text"].as_str().unwrap();
    let remembered = json!({"entities": [
        {"name": "note", "entityType": "file", "observations": [text]},
    ]});
    call(
        &test,
        &["memory", "create_entities", &remembered.to_string()],
    );
    let graph = call(&test, &["memory", "read_graph"]);
    assert!(graph.to_string().contains("written by hand"), "{graph}");
    assert!(
        fs_err::read_to_string(&memory)
            .unwrap()
            .contains("written by hand")
    );

    let failed = test.run(&[
        "mcp",
        "call",
        "git",
        "git_status",
        "repo_path=/nowhere",
        "--json",
    ]);
    assert_eq!(
        failed.json()["error"]["code"],
        "MCP_TOOL_FAILED",
        "{failed}"
    );
    let refused = test.run(&["mcp", "call", "time", "get_current_time", "--json"]);
    assert_eq!(refused.json()["error"]["code"], "MCP_ARGUMENTS_INVALID");
    let states = test.run(&["mcp", "servers", "--json"]).json();
    let states: Vec<_> = states["servers"].as_array().unwrap().iter().collect();
    assert!(
        states.iter().all(|server| server["state"] == "connected"),
        "{states:?}"
    );
}

#[test]
fn our_own_server_is_spoken_to_in_the_newest_revision() {
    let test = TestEnvironment::new();
    let program = test.command(&[]);
    let program = program.get_program().to_str();
    let config = json!({"mcp": {"servers": {"own": {
        "command": program,
        "args": ["mcp", "serve"],
        "env": {"XDG_RUNTIME_DIR": test.root().join("run")},
    }}}});
    let file = test.root().join("home/.claude/skills.config");
    fs_err::create_dir_all(file.parent().unwrap()).unwrap();
    fs_err::write(file, config.to_string()).unwrap();
    let own = test.run(&["mcp", "tools", "own", "--json"]);
    assert_eq!(own.json()["protocol"], "2026-07-28", "{own}");
    let found = call(&test, &["own", "skill_search", "query=agents"]);
    assert!(
        found["structuredContent"]
            .to_string()
            .contains("agent-discovery"),
        "{found}"
    );
}

#[test]
fn a_project_s_servers_wait_for_trust() {
    let test = TestEnvironment::new();
    test.file(
        ".mcp.json",
        &json!({"mcpServers": {"evil": {"command": "/bin/sh", "args": ["-c", "touch started"]}}})
            .to_string(),
    );
    let servers = test.run(&["mcp", "servers", "--json"]).json();
    assert_eq!(servers["servers"][0]["state"], "untrusted");
    let refused = test.run(&["mcp", "tools", "evil"]).expect(5);
    assert!(refused.stderr.contains("mycelium trust"), "{refused}");
    assert!(!test.workspace().join("started").exists());
    test.run(&["trust", "--yes"]).expect(0);
    test.run(&["mcp", "tools", "evil"]).expect(6);
    assert!(test.workspace().join("started").exists());
}

#[test]
fn a_file_with_an_error_is_told_and_left_as_it_is() {
    let test = TestEnvironment::new();
    let broken = "{\n  \"mcpServers\": {\n    \"a\": {,}\n";
    test.file(".mcp.json", broken);
    let listed = test.run(&["mcp", "servers"]).expect(0);
    assert!(listed.stdout.contains(".mcp.json:3"), "{listed}");
    test.run(&["mcp", "call", "a", "b"]).expect(4);
    assert_eq!(
        fs_err::read_to_string(test.workspace().join(".mcp.json")).unwrap(),
        broken
    );
}

#[test]
fn without_a_daemon_servers_end_with_the_command() {
    let test = TestEnvironment::new();
    // It greets, and then goes on for as long as its input is open.
    let script = r#"
        answer() { echo '{"jsonrpc":"2.0","id":'$1','"$2"'}'; }
        read -r line; answer 0 '"error":{"code":-32601,"message":"unknown"}'
        read -r line; answer 1 '"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"mute","version":"1"}}'
        cat >/dev/null; touch ended
    "#;
    let config = json!({"mcp": {"servers": {"mute": {
        "command": "/bin/sh", "args": ["-c", script],
    }}}});
    let file = test.root().join("home/.claude/skills.config");
    fs_err::create_dir_all(file.parent().unwrap()).unwrap();
    fs_err::write(file, config.to_string()).unwrap();
    // On a machine with much to do it may be too late to end by itself, and is ended.
    let look = || {
        let told = test
            .run(&["--no-daemon", "mcp", "tools", "mute", "--json"])
            .expect(0);
        assert_eq!(told.json()["tools"], json!([]));
        test.workspace().join("ended").exists()
    };
    assert!(until(look, |ended| *ended));
}

#[test]
fn a_skill_feeds_what_one_server_says_to_another() {
    let Some(servers) = servers_of_others() else {
        return;
    };
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let project = test.workspace();
    let project = project.to_str().unwrap();
    let mut remembering = entry(&servers["memory"], &[]);
    remembering["env"] = json!({"MEMORY_FILE_PATH": test.root().join("home/memory.json")});
    let own = json!({"mcpServers": {
        "filesystem": entry(&servers["filesystem"], &[project]),
        "memory": remembering,
    }});
    fs_err::write(test.root().join("home/.claude.json"), own.to_string()).unwrap();
    test.file("note.txt", "written by hand");
    let manifest = json!({
        "name": "keeper",
        "version": "1.0.0",
        "description": "Remembers files",
        "entrypoint": "index.js",
        "exports": ["remember"],
        "permissions": [
            {"type": "mcp", "servers": ["filesystem"], "tools": ["read_text_file"]},
            {"type": "mcp", "servers": ["memory"]},
        ],
    });
    let code = "const { mcp } = require('mycelium');
        exports.remember = async (path) => {
          const note = await mcp.call('filesystem', 'read_text_file', { path });
          const observations = [note.content[0].text];
          await mcp.call('memory', 'create_entities', { entities: [{ name: 'note', entityType: 'file', observations }] });
          const found = await mcp.call('memory', 'search_nodes', { query: 'hand' });
          try { await mcp.call('filesystem', 'write_file', { path, content: '' }); } catch (error) { return [found, error.code]; }
        };";
    test.skill_with(&manifest, code);
    test.run(&["trust", "keeper", "--yes"]).expect(0);
    let path = format!("{project}/note.txt");
    let told = test
        .run(&["exec", "keeper", "remember", &path, "--json"])
        .expect(0)
        .json();
    assert!(
        told["result"][0].to_string().contains("written by hand"),
        "{told}"
    );
    assert_eq!(told["result"][1], "SECURITY_VIOLATION");
    assert_eq!(fs_err::read_to_string(path).unwrap(), "written by hand");
}
