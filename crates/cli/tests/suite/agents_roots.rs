//! An agent that tells which folders it works on.

use serde_json::Value;
use serde_json::json;

use crate::support::Agent;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "where",
            "version": "1.0.0",
            "description": "Says where",
            "entrypoint": "index.js",
            "exports": ["am_i"],
        }),
        "exports.am_i = () => ({ roots: require('mycelium').context.roots });",
    );
    test.run(&["trust", "--yes"]).expect(0);
    test
}

/// Answers the question for the folders, which comes on its own.
pub(crate) fn tell(agent: &mut Agent, folders: &[&str]) {
    let question = loop {
        let message = agent.hear();
        if message["method"] == "roots/list" {
            break message;
        }
    };
    let roots: Vec<_> = folders.iter().map(|uri| json!({"uri": uri})).collect();
    let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": roots}});
    agent.say(&answer.to_string());
}

/// What the skill is told after the workspace, once that is `expected`: an answer is taken in beside the calls.
fn becomes(agent: &mut Agent, expected: &Value) {
    let told = || {
        let result = agent.call("where_am_i", json!({}));
        let mut told = result["structuredContent"]["roots"].clone();
        let roots = told.as_array_mut().unwrap();
        assert!(roots.remove(0).as_str().unwrap().starts_with('/'));
        told
    };
    assert_eq!(until(told, |told| told == expected), *expected);
}

#[test]
fn skills_are_told_the_folders_and_their_changes() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::able(&test, &json!({"roots": {"listChanged": true}}));
    tell(&mut agent, &["file:///one", "file:///two"]);
    becomes(&mut agent, &json!(["file:///one", "file:///two"]));
    agent.say(r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#);
    tell(&mut agent, &["file:///three"]);
    becomes(&mut agent, &json!(["file:///three"]));
}

#[test]
fn an_agent_that_cannot_tell_is_not_asked_and_one_that_does_not_is_served() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    for capabilities in [json!({}), json!({"roots": {}})] {
        let mut agent = Agent::able(&test, &capabilities);
        becomes(&mut agent, &json!([]));
    }
}
