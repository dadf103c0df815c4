//! Clients that others wrote, under our server: the TypeScript SDK's, the Python SDK's, and the MCP Inspector's command line.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::support::Endpoint;
use crate::support::TestEnvironment;
use crate::support::missing;
use crate::support::sandbox_holds;

const CODE: &str = "
module.exports = {
  greet({ name }) { return `Hello, ${name}!`; },
  fail() { throw new Error('it broke'); },
  count() { for (const n of [1, 2, 3]) console.log(`line ${n}`); return 3; },
  wait() { console.log('waiting'); return new Promise((done) => setTimeout(done, 25_000)); },
};
";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    let name =
        json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
    test.skill_with(
        &json!({
            "name": "peer",
            "version": "1.0.0",
            "description": "Talks to peers",
            "entrypoint": "index.js",
            "exports": [{"name": "greet", "parameters": name}, "fail", "count", "wait"],
        }),
        CODE,
    );
    test.skill_with(
        &json!({
            "name": "asker",
            "version": "1.0.0",
            "description": "Asks",
            "entrypoint": "index.js",
            "exports": ["go"],
            "permissions": [{"type": "environment", "variables": ["ANSWER"]}],
        }),
        "module.exports = { go() { return 'granted'; } };",
    );
    test.file(
        "skills/review/SKILL.md",
        "---\nname: review\ndescription: Reviews\n---\nReview it.\n",
    );
    test.run(&["trust", "--yes"]).expect(0);
    test
}

/// What a variable of the test run names, which `cargo xtask test` sets.
pub(crate) fn tool(variable: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the test run itself"
    )]
    let path = std::env::var_os(variable).map(PathBuf::from);
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        missing(&format!("{variable} names nothing: run `cargo xtask test`"));
    }
    path
}

/// A client's program and what comes before its last argument.
struct Peer {
    program: PathBuf,
    first: Vec<PathBuf>,
}

fn typescript() -> Option<Peer> {
    let node = tool("MYCELIUM_TEST_MCP_NODE")?;
    let sdk = tool("MYCELIUM_TEST_MCP_SDK")?;
    Some(Peer {
        program: node,
        first: vec![script("client.mjs"), sdk],
    })
}

fn python() -> Option<Peer> {
    Some(Peer {
        program: tool("MYCELIUM_TEST_MCP_PYTHON")?,
        first: vec![script("client.py")],
    })
}

fn script(name: &str) -> PathBuf {
    fs_err::canonicalize(Path::new("tests/peers").join(name)).unwrap()
}

impl Peer {
    /// What the client tells of its conversation.
    fn report(&self, test: &TestEnvironment, given: &Value) -> Value {
        let mut command = test.command_of(&self.program, &[]);
        command.args(&self.first).arg(given.to_string());
        let outcome = test.outcome(command.spawn().unwrap()).expect(0);
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}

fn over_stdio() -> Value {
    json!({"command": [env!("CARGO_BIN_EXE_mycelium"), "mcp", "serve"]})
}

fn over_http(server: &Endpoint) -> Value {
    json!({"url": server.url(), "token": server.token()})
}

fn check(report: &Value) {
    let tools: Vec<_> = report["tools"].as_array().unwrap().iter().collect();
    for name in ["skill_search", "peer_greet", "peer_wait", "asker_go"] {
        assert!(tools.contains(&&json!(name)), "{report}");
    }
    assert_eq!(report["greeting"], "Hello, Ada!", "{report}");
    assert_eq!(report["failure"]["is_error"], true, "{report}");
    let failure = report["failure"]["text"].as_str().unwrap();
    assert!(failure.starts_with("SKILL_EXECUTION_ERROR"), "{report}");
    // It left as soon as it was told of progress.
    assert_eq!(report["cancelled"], true, "{report}");
    assert_eq!(report["after"], "Hello, Eve!", "{report}");
    assert!(
        report["prompts"]
            .as_array()
            .unwrap()
            .contains(&json!("review"))
    );
    assert_eq!(report["asked"], "granted", "{report}");
}

#[test]
fn the_typescript_sdk() {
    let Some(peer) = typescript().filter(|_| sandbox_holds()) else {
        return;
    };
    let test = environment();
    check(&peer.report(&test, &over_stdio()));
    test.run(&["revoke", "asker"]).expect(0);
    let server = Endpoint::start(&test, &[]);
    check(&peer.report(&test, &over_http(&server)));
}

#[test]
fn the_python_sdk() {
    let Some(peer) = python().filter(|_| sandbox_holds()) else {
        return;
    };
    let test = environment();
    let server = Endpoint::start(&test, &[]);
    for (mode, revision) in [("legacy", "2025-11-25"), ("auto", "2026-07-28")] {
        for mut given in [over_stdio(), over_http(&server)] {
            given["mode"] = json!(mode);
            let report = peer.report(&test, &given);
            assert_eq!(report["revision"], revision, "{report}");
            check(&report);
            let progress = report["progress"].as_array().unwrap();
            for line in ["line 1", "line 2", "line 3"] {
                assert!(progress.contains(&json!(line)), "{report}");
            }
            test.run(&["revoke", "asker"]).expect(0);
        }
    }
}

#[test]
fn the_inspector() {
    let (Some(node), Some(inspector)) = (
        tool("MYCELIUM_TEST_MCP_NODE"),
        tool("MYCELIUM_TEST_MCP_INSPECTOR"),
    ) else {
        return;
    };
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Endpoint::start(&test, &[]);
    let bearer = format!("Authorization: Bearer {}", server.token());
    let program = env!("CARGO_BIN_EXE_mycelium");
    let stdio = [program, "mcp", "serve"];
    let url = server.url();
    let http = [url.as_str(), "--transport", "http", "--header", &bearer];
    for target in [&stdio[..], &http[..]] {
        let ask = |more: &[&str]| {
            let mut command = test.command_of(&node, &[]);
            command.arg(&inspector).arg("--cli").args(target).args(more);
            test.outcome(command.spawn().unwrap())
        };
        let list = ask(&["--method", "tools/list"]).expect(0);
        assert!(list.stdout.contains("peer_greet"), "{list}");
        let call = |tool: &str, more: &[&str]| {
            let mut arguments = vec!["--method", "tools/call", "--tool-name", tool];
            arguments.extend(more);
            ask(&arguments)
        };
        let greeted = call("peer_greet", &["--tool-arg", "name=Ada"]).expect(0);
        assert!(greeted.stdout.contains("Hello, Ada!"), "{greeted}");
        let failed = call("peer_fail", &[]);
        assert!(
            failed.to_string().contains("SKILL_EXECUTION_ERROR"),
            "{failed}"
        );
        let skills = ask(&["--method", "skills/list", "--verify"]).expect(0);
        assert!(
            skills.stdout.contains("skill://review/SKILL.md"),
            "{skills}"
        );
    }
}
