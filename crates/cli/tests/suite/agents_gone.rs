//! Agents that vanish in the middle of a call: it ends, what was theirs ends, and nobody else notices.

use std::path::Path;
use std::process::Command;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::suite::agents_http::Server;
use crate::support::Agent;
use crate::support::EventStream;
use crate::support::Process;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

const SLOW: &str = "
exports.wait = () => { console.log('waiting'); return new Promise(() => setTimeout(() => {}, 600000)); };
";
const COUNTER: &str = "let count = 0; exports.next = () => ++count;";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("counter", &["next"], COUNTER);
    // Only its caller's end ends it in time.
    test.slow_skill(SLOW);
    test
}

fn waiting(meta: &Value) -> Value {
    json!({"name": "slow_wait", "arguments": {}, "_meta": meta})
}

/// Whether a message says that the skill runs.
fn tells_of_it(message: &Value) -> bool {
    assert!(
        message.get("result").is_none(),
        "it did not wait: {message}"
    );
    message["params"]["message"] == "waiting"
}

fn next(agent: &mut Agent) -> Value {
    agent.call("counter_next", json!({}))["structuredContent"]["result"].clone()
}

/// How the calls of the skill that waits ended, once there is an end.
fn ends(test: &TestEnvironment) -> Vec<Value> {
    let look = || {
        let told = test.run(&["log", "--skill", "slow", "--json"]);
        (told.stdout.lines())
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|entry| entry["kind"] == "call")
            .map(|entry| entry["detail"]["outcome"].clone())
            .collect::<Vec<_>>()
    };
    until(look, |ends| !ends.is_empty())
}

/// The skills that have instances, once these are as many.
fn left(test: &TestEnvironment, count: usize) -> Vec<String> {
    let look = || {
        let report = test.run(&["ps", "--json"]).expect(0).json();
        let instances = report["instances"].as_array().unwrap().iter();
        instances
            .map(|instance| instance["skill"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    until(look, |left| left.len() == count)
}

/// An agent in the middle of a call is killed, whatever stands between it and the daemon.
fn vanishes(test: &TestEnvironment, command: &mut Command) {
    let mut other = Agent::greeted(test);
    assert_eq!(next(&mut other), 1);
    let mut agent = Agent::of(command);
    agent.ask(
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    assert_eq!(next(&mut agent), 1);
    agent.begin("tools/call", waiting(&json!({"progressToken": "p"})));
    while !tells_of_it(&agent.hear()) {}
    let worker = Process::worker(test, "slow");
    // This test holds the agent's pipes all the time.
    let pid = Pid::from_raw(i32::try_from(agent.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    worker.wait();
    assert_eq!(ends(test), [json!("INTERRUPTED")]);
    assert_eq!(left(test, 1), ["counter"], "only the other agent's is left");
    assert_eq!(next(&mut other), 2);
}

#[test]
fn the_bridge_is_killed() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    vanishes(&test, &mut test.command(&["mcp", "serve"]));
}

#[test]
fn who_started_the_bridge_is_killed() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let program = env!("CARGO_BIN_EXE_mycelium");
    // A shell gives a background process another input, hence the descriptor 3.
    let script = format!("exec 3<&0; {program} mcp serve <&3 & wait");
    vanishes(
        &test,
        &mut test.command_of(Path::new("/bin/sh"), &["-c", &script]),
    );
}

#[test]
fn a_connection_over_http_is_closed() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let bearer = server.bearer();
    let headers = |tool: &str| {
        [
            bearer.clone(),
            "MCP-Protocol-Version: 2026-07-28".to_owned(),
            "Mcp-Method: tools/call".to_owned(),
            format!("Mcp-Name: {tool}"),
        ]
    };
    // The session of a request that names none ends with it.
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "p",
    });
    let mut named = meta.clone();
    named["io.mycelium/session"] = "other".into();
    let request = |params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let count = || {
        let params = json!({"name": "counter_next", "arguments": {}, "_meta": named});
        let headers = headers("counter_next");
        let answer = server.post(&headers.each_ref().map(String::as_str), &request(params));
        answer.result()["structuredContent"]["result"].clone()
    };
    assert_eq!(count(), 1);
    let headers = headers("slow_wait");
    let begun = server.begin(
        "POST",
        "/mcp",
        &headers.each_ref().map(String::as_str),
        &request(waiting(&meta)).to_string(),
    );
    let mut stream = EventStream::of(begun);
    while !tells_of_it(&stream.hear()) {}
    let worker = Process::worker(&test, "slow");
    drop(stream);
    worker.wait();
    assert_eq!(ends(&test), [json!("INTERRUPTED")]);
    assert_eq!(count(), 2);
    server.stop();
}
