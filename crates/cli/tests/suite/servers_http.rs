//! Servers over HTTP on the command line: those of other people, and ourselves.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use super::agents_peers::tool;
use super::servers::call;
use super::servers::servers_of_others;
use crate::support::Endpoint;
use crate::support::TestEnvironment;
use crate::support::free_port;

/// A server that somebody else started. It ends with this.
struct Serving {
    child: Child,
    url: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Starts a server at a port that nobody has, which it reads in `PORT` or where `{port}` is among the arguments, and
    /// waits until it says on its standard error that it is up.
    fn start(program: &Path, arguments: &[&str], up: &str) -> Self {
        let port = free_port().to_string();
        #[expect(
            clippy::disallowed_methods,
            reason = "a server that is there before anybody asks for it"
        )]
        let mut command = Command::new(program);
        command.args(arguments.iter().map(|word| word.replace("{port}", &port)));
        let mut child = command
            .env("PORT", &port)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(up) {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended");
        }
        // What else it says must not keep it waiting.
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _ = said.read_to_end(&mut rest);
        });
        Self {
            child,
            url: format!("http://127.0.0.1:{port}/mcp"),
        }
    }
}

fn at(url: &str) -> Value {
    json!({"type": "http", "url": url})
}

fn configured(test: &TestEnvironment, servers: &Value) {
    let file = test.root().join("home/.claude.json");
    fs_err::write(file, json!({"mcpServers": servers}).to_string()).unwrap();
}

#[test]
fn the_server_of_everything_is_called_and_read_over_http() {
    let Some(servers) = servers_of_others() else {
        return;
    };
    let words: Vec<_> = servers["everything"].as_array().unwrap().iter().collect();
    let words: Vec<_> = words.iter().map(|word| word.as_str().unwrap()).collect();
    let arguments = [words[1], "streamableHttp"];
    let serving = Serving::start(Path::new(words[0]), &arguments, "listening on port");
    let test = TestEnvironment::new();
    configured(&test, &json!({"everything": at(&serving.url)}));
    let told = test.run(&["mcp", "tools", "everything", "--json"]).json();
    assert_eq!(told["protocol"], "2025-11-25", "{told}");
    let resources = told["resources"].as_array().unwrap();
    let uri = resources[0]["uri"].as_str().unwrap();
    test.run(&["mcp", "read", "everything", uri]).expect(0);
    let echoed = call(&test, &["everything", "echo", "message=hello"]);
    assert_eq!(echoed["content"][0]["text"], "Echo: hello");
    let listed = test.run(&["mcp", "servers", "--json"]).json();
    assert_eq!(listed["servers"][0]["transport"], "http");
    assert_eq!(listed["servers"][0]["state"], "connected");
    drop(serving);
    let gone = test.run(&[
        "mcp",
        "call",
        "everything",
        "echo",
        "message=hello",
        "--json",
    ]);
    assert_eq!(
        gone.json()["error"]["code"],
        "MCP_SERVER_UNAVAILABLE",
        "{gone}"
    );
}

#[test]
fn a_server_of_the_python_sdk_is_spoken_to_in_the_newest_revision() {
    let Some(python) = tool("MYCELIUM_TEST_MCP_PYTHON") else {
        return;
    };
    let script = "tests/peers/server.py";
    let serving = Serving::start(&python, &[script, "{port}"], "running on");
    let test = TestEnvironment::new();
    configured(&test, &json!({"peer": at(&serving.url)}));
    let told = test.run(&["mcp", "tools", "peer", "--json"]).json();
    assert_eq!(told["protocol"], "2026-07-28", "{told}");
    let sum = call(&test, &["peer", "add", "a=2", "b=3"]);
    assert_eq!(sum["structuredContent"]["result"], 5, "{sum}");
    let note = test
        .run(&["mcp", "read", "peer", "peer://note", "--json"])
        .json();
    assert_eq!(note["contents"][0]["text"], "written in Python", "{note}");
}

#[test]
fn our_own_server_lets_in_who_has_its_token() {
    let test = TestEnvironment::new();
    let endpoint = Endpoint::start(&test, &[]);
    let mut own = at(&endpoint.url());
    configured(&test, &json!({"own": own}));
    let refused = test.run(&["mcp", "tools", "own"]).expect(5);
    assert!(
        refused.stderr.contains("MCP_SERVER_UNAUTHORIZED") && refused.stderr.contains("headers"),
        "{refused}"
    );
    own["headers"] = json!({"Authorization": "Bearer ${OWN_TOKEN}"});
    configured(&test, &json!({"own": own}));
    let mut asked = test.command(&["mcp", "tools", "own", "--json"]);
    asked.env("OWN_TOKEN", endpoint.token());
    let child = asked.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let told = test.outcome(child.unwrap()).expect(0);
    assert_eq!(told.json()["protocol"], "2026-07-28");
    assert!(!told.stdout.contains(&endpoint.token()));
}

#[test]
fn what_is_not_spoken_or_not_secure_says_so() {
    let test = TestEnvironment::new();
    configured(
        &test,
        &json!({
            "old": {"type": "sse", "url": "https://mcp.example.com/sse?key=secret"},
            "plain": at("http://mcp.example.com/mcp"),
            "far": at("https://mcp.example.com/mcp"),
        }),
    );
    let listed = test.run(&["--offline", "mcp", "servers", "--json"]).json();
    let listed = listed["servers"].as_array().unwrap();
    assert!(
        listed.iter().all(|server| server["state"] == "unsupported"),
        "{listed:?}"
    );
    assert!(!format!("{listed:?}").contains("secret"));
    for (server, expected) in [
        ("old", "type `http`"),
        ("plain", "https://"),
        ("far", "--offline"),
    ] {
        let refused = test.run(&["--offline", "mcp", "tools", server]).expect(6);
        assert!(refused.stderr.contains(expected), "{refused}");
    }
}
