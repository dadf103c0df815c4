//! What a skill is told of the agent that calls it, from the agent's words to the skill's code.

use serde_json::Value;
use serde_json::json;

use crate::suite::agents_roots::tell;
use crate::support::Agent;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

const CODE: &str = "exports.told = () => require('mycelium').context;";
const CONVERSATION: &str = "io.mycelium/conversation";

/// A skill that may know the conversation if the person agrees, and one that does not ask for it.
fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    let manifest = |name: &str, permissions: Value| {
        json!({
            "name": name,
            "version": "1.0.0",
            "description": "Tells what it is told",
            "entrypoint": "index.js",
            "exports": ["told"],
            "permissions": permissions,
        })
    };
    let conversation = json!([{"type": "context", "fields": ["conversation"]}]);
    test.skill_with(&manifest("deaf", json!([])), CODE)
        .skill_with(&manifest("keen", conversation), CODE);
    test.run(&["trust", "--yes"]).expect(0);
    test
}

fn said() -> Value {
    json!([{"role": "user", "content": "Which of you can hear me?"}])
}

/// The result of a call whose `_meta` has these members.
fn call(agent: &mut Agent, tool: &str, meta: &Value) -> Value {
    let params = json!({"name": tool, "arguments": {}, "_meta": meta});
    agent.ask("tools/call", params)["result"].clone()
}

/// What the skill of a tool is told.
fn told(agent: &mut Agent, tool: &str, meta: &Value) -> Value {
    let result = call(agent, tool, meta);
    assert_ne!(result["isError"], true, "{result}");
    result["structuredContent"].clone()
}

#[test]
fn a_skill_knows_the_agent_its_session_and_its_folders() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::started(&test);
    agent.ask(
        "initialize",
        json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"roots": {}},
            "clientInfo": {"name": "an agent", "version": "3.1-beta", "title": "Not told"},
        }),
    );
    agent.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    tell(&mut agent, &["file:///elsewhere"]);
    // The folders are taken in beside the calls.
    let context = until(
        || told(&mut agent, "deaf_told", &json!({})),
        |context| context["roots"][1].is_string(),
    );
    assert_eq!(
        context["agent"],
        json!({"name": "an agent", "version": "3.1-beta"})
    );
    let roots = json!([test.workspace(), "file:///elsewhere"]);
    assert_eq!(context["roots"], roots, "{context}");
    assert_eq!(context["export"], "told", "{context}");
    let instances = test.run(&["ps", "--json"]).expect(0).json()["instances"].take();
    assert_eq!(instances.as_array().unwrap().len(), 1, "{instances}");
    assert!(context["session"].is_string(), "{context}");
    assert_eq!(context["session"], instances[0]["session"], "{instances}");

    let mut other = Agent::greeted(&test);
    let of_other = told(&mut other, "deaf_told", &json!({}));
    assert_eq!(of_other["agent"], json!({"name": "test", "version": "1"}));
    assert_ne!(of_other["session"], context["session"]);
}

#[test]
fn each_request_of_the_stateless_revision_says_who_asks() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::started(&test);
    let meta = |name: &str| {
        json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": name, "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        })
    };
    let one = told(&mut agent, "deaf_told", &meta("one"));
    let two = told(&mut agent, "deaf_told", &meta("two"));
    assert_eq!(
        (&one["agent"]["name"], &two["agent"]["name"]),
        (&json!("one"), &json!("two"))
    );
    assert_eq!(one["session"], two["session"], "it is one connection");
}

#[test]
fn what_was_said_before_is_told_to_whom_it_was_granted() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::greeted(&test);
    let meta = json!({CONVERSATION: said()});
    let refused = call(&mut agent, "keen_told", &meta);
    assert_eq!(
        refused["structuredContent"]["code"], "PERMISSION_REQUIRED",
        "{refused}"
    );
    test.run(&["trust", "keen", "--yes"]).expect(0);
    let of_keen = told(&mut agent, "keen_told", &meta);
    assert_eq!(of_keen["conversation"], said(), "{of_keen}");
    let of_deaf = told(&mut agent, "deaf_told", &meta);
    assert_eq!(of_deaf["conversation"], Value::Null, "{of_deaf}");
    // It belongs to one call, not to the session.
    let without = told(&mut agent, "keen_told", &json!({}));
    assert_eq!(without["conversation"], Value::Null, "{without}");
    test.run(&["revoke", "keen"]).expect(0);
    let refused = call(&mut agent, "keen_told", &meta);
    assert_eq!(
        refused["structuredContent"]["code"], "PERMISSION_REQUIRED",
        "{refused}"
    );
}
