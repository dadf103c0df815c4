//! Sessions over HTTP that nobody uses for a while.

use serde_json::Value;
use serde_json::json;

use crate::suite::agents_http::Client;
use crate::suite::agents_http::Server;
use crate::suite::agents_http::call;
use crate::support::EventStream;
use crate::support::Process;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

/// Longer than a test takes from one request to the next.
const IDLE_SECONDS: &str = "5";
const COUNTER: &str = "let count = 0; exports.next = () => ++count;";
/// Says nothing for several times as long as a session may be idle.
const SLOW: &str =
    "exports.wait = () => new Promise((done) => setTimeout(() => done('waited'), 20000));";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("counter", &["next"], COUNTER)
        .skill("slow", &["wait"], SLOW);
    test.run(&["config", "set", "mcp.sessionIdleSeconds", IDLE_SECONDS])
        .expect(0);
    test
}

#[test]
fn a_session_ends_that_nobody_uses_and_one_with_a_call_that_says_nothing_does_not() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let patient = Client::greeted(&server);
    let waiting = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "slow_wait", "arguments": {},
    }});
    let begun = server.begin("POST", "/mcp", &patient.headers(), &waiting.to_string());
    // On a machine with much to do a session may have ended before anybody could look.
    let begun_and_seen = || {
        let idle = Client::greeted(&server);
        assert_eq!(idle.next(), 1);
        Some((idle, Process::find(&test, "counter")?))
    };
    let (idle, worker) = (0..10).find_map(|_| begun_and_seen()).unwrap();
    // Its instance ends with it, long before it would for being idle itself.
    worker.wait();
    assert_eq!(idle.ask(&call(json!({}))).status(), 404);
    let answer = EventStream::of(begun).hear();
    assert_eq!(answer["id"], 2, "{answer}");
    let text = &answer["result"]["content"][0]["text"];
    assert_eq!(text, "waited", "{answer}");
    server.stop();
}

#[test]
fn a_session_that_requests_name_ends_too() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let bearer = server.bearer();
    let next = || -> Value {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.mycelium/session": "a",
        });
        let headers = [
            bearer.as_str(),
            "MCP-Protocol-Version: 2026-07-28",
            "Mcp-Method: tools/call",
            "Mcp-Name: counter_next",
        ];
        let answer = server.post(&headers, &call(meta));
        answer.result()["structuredContent"]["result"].clone()
    };
    // On a machine with much to do it may have ended between two requests.
    let lasts = || (next() == 1 && next() == 2).then(|| Process::find(&test, "counter"))?;
    let worker = (0..10).find_map(|_| lasts()).unwrap();
    worker.wait();
    assert_eq!(next(), 1);
    server.stop();
}
