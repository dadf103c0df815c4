//! Agents of the revision 2026-07-28 that ask to be told of changes.

use serde_json::Value;
use serde_json::json;

use crate::suite::agents_http::Server;
use crate::support::Agent;
use crate::support::EventStream;
use crate::support::TestEnvironment;

const CHANGED: &str = "notifications/tools/list_changed";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// What an agent asks to be told of, which is more than there is.
fn wishes() -> Value {
    json!({
        "toolsListChanged": true,
        "resourcesListChanged": false,
        "resourceSubscriptions": ["skill://review/SKILL.md", "x://unheard-of"],
    })
}

/// Changes the set of skills.
fn change(test: &TestEnvironment, name: &str) {
    test.skill(name, &["run"], "module.exports = { run() {} };");
    test.run(&["discover"]).expect(0);
}

fn check_promise(told: &Value, subscription: &Value) {
    assert_eq!(
        told["method"], "notifications/subscriptions/acknowledged",
        "{told}"
    );
    // Nobody is told of changes of single resources, so nobody is promised it.
    assert_eq!(
        told["params"]["notifications"],
        json!({"toolsListChanged": true}),
        "{told}"
    );
    assert_eq!(&told["params"]["_meta"][SUBSCRIPTION], subscription);
}

#[test]
fn a_listener_is_promised_what_it_is_told_and_told_of_another_set_of_skills() {
    let test = TestEnvironment::new();
    let mut agent = Agent::started(&test);
    let listening = json!({"notifications": wishes(), "_meta": meta()});
    let listening = agent.begin("subscriptions/listen", listening);
    check_promise(&agent.hear(), &json!(listening));
    change(&test, "later");
    let told = agent.hear();
    assert_eq!(told["method"], CHANGED, "{told}");
    assert_eq!(told["params"]["_meta"][SUBSCRIPTION], listening, "{told}");
    let list = agent.ask("tools/list", json!({"_meta": meta()}));
    assert!(list.to_string().contains("later_run"), "{list}");

    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listening}});
    agent.say(&cancelled.to_string());
    // The answer to this comes after the end of the subscription.
    agent.ask("tools/list", json!({"_meta": meta()}));
    change(&test, "last");
    let asked = agent.begin("tools/list", json!({"_meta": meta()}));
    let list = loop {
        let message = agent.hear();
        assert_ne!(message["method"], CHANGED, "nobody listens any more");
        if message["id"] == asked {
            break message;
        }
    };
    assert!(list.to_string().contains("last_run"), "{list}");
    assert!(agent.leave().success());
}

#[test]
fn over_http_too() {
    let test = TestEnvironment::new();
    let server = Server::start(&test, &[]);
    let bearer = server.bearer();
    let headers = [
        bearer.as_str(),
        "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: subscriptions/listen",
    ];
    let request = json!({"jsonrpc": "2.0", "id": "ear", "method": "subscriptions/listen", "params": {
        "notifications": wishes(), "_meta": meta(),
    }});
    let begun = server.begin("POST", "/mcp", &headers, &request.to_string());
    let mut stream = EventStream::of(begun);
    check_promise(&stream.hear(), &json!("ear"));
    change(&test, "later");
    let told = stream.hear();
    assert_eq!(told["method"], CHANGED, "{told}");
    assert_eq!(told["params"]["_meta"][SUBSCRIPTION], "ear", "{told}");
    drop(stream);
    server.stop();
}
