//! Sessions over HTTP that nobody uses for a while.

use serde_json::json;

use crate::suite::agents_http::Client;
use crate::suite::agents_http::Server;
use crate::suite::agents_http::call;
use crate::support::EventStream;
use crate::support::Process;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

/// Longer than a test usually takes from one request to the next.
const IDLE_SECONDS: &str = "5";
/// How often a test begins anew that took longer all the same, as on a machine with much to do.
const ATTEMPTS: usize = 20;
const COUNTER: &str = "let count = 0; exports.next = () => ++count;";
/// Says nothing for several times as long as a session may be idle.
const SLOW: &str =
    "exports.wait = () => new Promise((done) => setTimeout(() => done('waited'), 20000));";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("counter", &["next"], COUNTER);
    test.slow_skill(SLOW);
    test.run(&["config", "set", "mcp.sessionIdleSeconds", IDLE_SECONDS])
        .expect(0);
    test
}

/// The answer, which comes later, to a call that says nothing meanwhile.
fn waiting(server: &Server) -> Option<EventStream> {
    let client = Client::if_it_lasts(server)?;
    let request = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "slow_wait", "arguments": {},
    }});
    let begun = server.begin("POST", "/mcp", &client.headers(), &request.to_string());
    let mut answer = EventStream::of(begun);
    (answer.status() == 200).then_some(answer)
}

/// A session that was used once, and is not any more.
fn left(server: &Server) -> Option<Client<'_>> {
    let client = Client::if_it_lasts(server)?;
    let answer = client.ask(&call(json!({})));
    if answer.status() != 200 {
        return None;
    }
    assert_eq!(answer.result()["structuredContent"]["result"], 1);
    Some(client)
}

/// Waits until the instance has ended that counts, long before it would for being idle itself.
fn ends(test: &TestEnvironment) {
    let is_gone = || Process::find(test, "counter").is_none();
    assert!(until(is_gone, |gone| *gone));
}

#[test]
fn a_session_ends_that_nobody_uses_and_one_with_a_call_that_says_nothing_does_not() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let server = Server::start(&test, &[]);
    let mut answer = (0..ATTEMPTS).find_map(|_| waiting(&server)).unwrap();
    let idle = (0..ATTEMPTS).find_map(|_| left(&server)).unwrap();
    ends(&test);
    assert_eq!(idle.ask(&call(json!({}))).status(), 404);
    let answer = answer.hear();
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
    let next = || {
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
        answer.result()["structuredContent"]["result"]
            .as_u64()
            .unwrap()
    };
    // One that ended between the two begins to count anew.
    let lasts = || {
        let count = next();
        next() == count + 1
    };
    assert!((0..ATTEMPTS).any(|_| lasts()));
    ends(&test);
    assert_eq!(next(), 1);
    server.stop();
}
