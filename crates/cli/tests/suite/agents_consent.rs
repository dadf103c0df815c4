//! An agent that passes questions about permissions on to its person.

use serde_json::Value;
use serde_json::json;

use crate::support::Agent;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

/// A trusted workspace with a skill that asks for a program, which nobody has answered.
fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "asker",
            "version": "1.0.0",
            "description": "Asks",
            "entrypoint": "index.js",
            "exports": ["go"],
            "permissions": [
                {"type": "environment", "variables": ["ANSWER"], "reason": "To tell it."},
            ],
        }),
        "module.exports = { go() { return String(process.env.ANSWER); } };",
    );
    test.run(&["trust", "--yes"]).expect(0);
    test
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

/// Calls the skill, answers the question that comes with `answer`, and returns both.
fn asked(agent: &mut Agent, answer: Value) -> (Value, Value) {
    let call = agent.begin("tools/call", json!({"name": "asker_go", "arguments": {}}));
    let question = loop {
        let message = agent.hear();
        assert_ne!(message["id"], call, "nobody was asked: {message}");
        if message["method"] == "elicitation/create" {
            break message;
        }
    };
    let response = json!({"jsonrpc": "2.0", "id": question["id"], "result": answer});
    agent.say(&response.to_string());
    loop {
        let message = agent.hear();
        if message["id"] == call && message.get("method").is_none() {
            return (question["params"].clone(), message["result"].clone());
        }
    }
}

fn accepted(word: &str) -> Value {
    json!({"action": "accept", "content": {"answer": word}})
}

fn stored(test: &TestEnvironment) -> Value {
    let info = test.run(&["info", "asker", "--json"]).expect(0).json();
    info["answer"]["answer"].clone()
}

#[test]
fn the_person_is_asked_and_the_answer_is_kept_like_one_to_trust() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::able(&test, &json!({"elicitation": {}}));
    let (question, result) = asked(&mut agent, accepted("always"));
    let message = question["message"].as_str().unwrap();
    assert!(
        message.starts_with("To run `go`, asker@1.0.0 from "),
        "{message}"
    );
    assert!(message.contains("risk: "), "{message}");
    assert!(message.contains("“To tell it.”"), "{message}");
    let answers = &question["requestedSchema"]["properties"]["answer"]["enum"];
    assert_eq!(answers, &json!(["once", "always", "never"]));
    assert_ne!(result["isError"], true, "{result}");
    assert_eq!(stored(&test), "granted");
    let again = agent.call("asker_go", json!({}));
    assert_ne!(again["isError"], true, "{again}");
}

#[test]
fn once_and_never_are_answers_too() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::able(&test, &json!({"elicitation": {"form": {}}}));
    let (_, result) = asked(&mut agent, accepted("once"));
    assert_ne!(result["isError"], true, "{result}");
    assert_eq!(stored(&test), "once");
    test.run(&["revoke", "asker"]).expect(0);
    let (_, result) = asked(&mut agent, accepted("never"));
    assert!(text(&result).starts_with("PERMISSION_DENIED"), "{result}");
    assert_eq!(stored(&test), "refused");
}

#[test]
fn who_does_not_answer_is_told_of_the_command_and_not_asked_again() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::able(&test, &json!({"elicitation": {}}));
    let (_, result) = asked(&mut agent, json!({"action": "decline"}));
    assert!(text(&result).contains("mycelium trust asker"), "{result}");
    let again = agent.call("asker_go", json!({}));
    assert!(text(&again).starts_with("PERMISSION_REQUIRED"), "{again}");
    assert_eq!(stored(&test), Value::Null);
    for nonsense in [
        json!({"action": "accept"}),
        json!({"action": "accept", "content": {"answer": "yes"}}),
        json!({"action": "accept", "content": []}),
    ] {
        let mut agent = Agent::able(&test, &json!({"elicitation": {}}));
        let (_, result) = asked(&mut agent, nonsense);
        assert!(text(&result).starts_with("PERMISSION_REQUIRED"), "{result}");
    }
    assert_eq!(stored(&test), Value::Null);
}

#[test]
fn nobody_is_asked_who_cannot_be_or_should_not_be() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let refused = |agent: &mut Agent| {
        // There is no question before the answer. What else is told has nothing to do with it.
        let call = agent.begin("tools/call", json!({"name": "asker_go", "arguments": {}}));
        loop {
            let message = agent.hear();
            assert_ne!(message["method"], "elicitation/create", "{message}");
            if message["id"] == call && message.get("method").is_none() {
                break;
            }
        }
    };
    refused(&mut Agent::able(&test, &json!({})));
    refused(&mut Agent::able(
        &test,
        &json!({"elicitation": {"url": {}}}),
    ));
    test.run(&["config", "set", "mcp.askPermissions", "false"])
        .expect(0);
    refused(&mut Agent::able(&test, &json!({"elicitation": {}})));
    test.run(&["config", "unset", "mcp.askPermissions"])
        .expect(0);
    test.run(&["revoke"]).expect(0);
    refused(&mut Agent::able(&test, &json!({"elicitation": {}})));
}

#[test]
fn the_stateless_revision_asks_by_its_answer() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::started(&test);
    let meta = |capabilities: Value| {
        json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        })
    };
    let able = meta(json!({"elicitation": {"form": {}}}));
    let mut call = |more: Value| {
        let mut params = json!({"name": "asker_go", "arguments": {}, "_meta": able});
        let more = more.as_object().unwrap().clone();
        params.as_object_mut().unwrap().extend(more);
        agent.ask("tools/call", params)["result"].clone()
    };
    let answer = |state: &Value, word: &str| json!({"requestState": state, "inputResponses": {"permissions": accepted(word)}});
    let asked = call(json!({}));
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let request = &asked["inputRequests"]["permissions"];
    assert_eq!(request["method"], "elicitation/create");
    // A state that was never given, and one without an answer, are as good as none.
    let forged = call(answer(&json!("0123456789abcdef0123456789abcdef"), "always"));
    assert_eq!(forged["resultType"], "input_required", "{forged}");
    let silent = call(json!({"requestState": asked["requestState"]}));
    assert_eq!(silent["resultType"], "input_required", "{silent}");
    assert_eq!(stored(&test), Value::Null);
    let done = call(answer(&asked["requestState"], "once"));
    assert_eq!(done["resultType"], "complete", "{done}");
    assert_ne!(done["isError"], true, "{done}");
    assert_eq!(stored(&test), "once");
    test.run(&["revoke", "asker"]).expect(0);
    let replayed = call(answer(&asked["requestState"], "always"));
    assert_eq!(replayed["resultType"], "input_required", "{replayed}");
    let unable = json!({"name": "asker_go", "arguments": {}, "_meta": meta(json!({}))});
    let refused = agent.ask("tools/call", unable)["result"].clone();
    assert!(
        text(&refused).starts_with("PERMISSION_REQUIRED"),
        "{refused}"
    );
}
