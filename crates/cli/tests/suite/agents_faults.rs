//! What agents and skill folders can do wrong: too much, too large, too often, not at all.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::support::Agent;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

/// Skills of one root, and how many of another root have one of their names.
const MANY: usize = 2_000;
const COLLISIONS: usize = 300;
/// Calls that are asked for before any answer is read.
const CALLS: usize = 10_000;

fn manifest(name: &str, description: &str, exports: Value) -> String {
    json!({
        "name": name,
        "version": "1.0.0",
        "description": description,
        "entrypoint": "index.js",
        "exports": exports,
    })
    .to_string()
}

fn all_tools(agent: &mut Agent) -> Vec<Value> {
    let mut tools = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let params = match &cursor {
            Value::Null => json!({}),
            cursor => json!({ "cursor": cursor }),
        };
        let page = agent.ask("tools/list", params)["result"].clone();
        tools.extend(page["tools"].as_array().unwrap().iter().cloned());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            return tools;
        }
    }
}

#[test]
fn thousands_of_skills_of_which_hundreds_collide() {
    let test = TestEnvironment::new();
    for number in 0..MANY {
        let name = format!("many-{number}");
        let exports =
            json!([{"name": "go", "description": "Goes", "parameters": {"type": "object"}}]);
        let text = manifest(&name, "One of many", exports);
        // A root is looked at up to 2,000 folders.
        let root = if number % 2 == 0 {
            "skills"
        } else {
            ".claude/skills"
        };
        test.file(&format!("{root}/{name}/skill.json"), &text);
        if number < COLLISIONS {
            test.file(&format!(".agents/skills/{name}/skill.json"), &text);
        }
    }
    let found = test.run(&["discover", "--json"]).expect(0).json();
    assert_eq!(found["collisions"].as_array().unwrap().len(), COLLISIONS);
    let mut agent = Agent::greeted(&test);
    assert_eq!(all_tools(&mut agent).len(), 3, "too many to be listed");
    let hit = agent.call("skill_search", json!({"query": "many-1999"}));
    assert_eq!(hit["structuredContent"]["skills"][0]["name"], "many-1999");
    drop(agent);

    let mut command = test.command(&["mcp", "serve"]);
    let mut agent = Agent::of(command.env("MYCELIUM_MCP_MAX_LISTED_SKILLS", "10000"));
    agent.ask(
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    let names = |tools: &[Value]| -> Vec<String> {
        tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let tools = names(&all_tools(&mut agent));
    let own = tools.iter().filter(|name| name.starts_with("many-"));
    assert_eq!(own.count(), MANY);
    assert_eq!(tools.iter().collect::<BTreeSet<_>>().len(), tools.len());
    assert_eq!(
        tools,
        names(&all_tools(&mut agent)),
        "the order is always the same"
    );
}

#[test]
fn a_description_of_a_megabyte_and_names_that_would_be_one() {
    let test = TestEnvironment::new();
    let long = "word ".repeat(200_000);
    test.file(
        "skills/large/SKILL.md",
        &format!("---\nname: large\ndescription: {long}\n---\nDo it.\n"),
    );
    // As tools they would both be `a_b_c`, and the last would be too long.
    let endless = "x".repeat(100);
    test.file(
        "skills/a/skill.json",
        &manifest("a", "First", json!(["b_c", "b$c", endless])),
    );
    let mut agent = Agent::greeted(&test);
    let tools = all_tools(&mut agent);
    let own: Vec<_> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .filter(|name| name.starts_with("a_"))
        .collect();
    assert_eq!(own.iter().collect::<BTreeSet<_>>().len(), 3, "{own:?}");
    for name in own {
        assert!(name.len() <= 64 - "mcp__mycelium__".len(), "{name}");
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(name.chars().all(allowed), "{name}");
    }
    // Who puts more before names gets shorter ones, for as long as it is connected and beside the other.
    let prefix = "mcp__plugin_mycelium_mycelium__";
    let mut behind = Agent::of(&mut test.command(&["mcp", "serve", "--tool-prefix", prefix]));
    behind.ask(
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    let longest = |tools: &[Value]| {
        let names = tools.iter().map(|tool| tool["name"].as_str().unwrap());
        names.map(str::len).max()
    };
    assert_eq!(longest(&all_tools(&mut behind)), Some(64 - prefix.len()));
    let usual = Some(64 - "mcp__mycelium__".len());
    assert_eq!(longest(&all_tools(&mut agent)), usual);
    let prompts = agent.ask("prompts/list", json!({}));
    let description = &prompts["result"]["prompts"][0]["description"];
    assert!(description.as_str().unwrap().chars().count() <= 8_192);
    let resources = agent.ask("resources/list", json!({}));
    assert_eq!(resources["result"]["resources"][0]["name"], "large");
}

#[test]
fn garbage_half_a_message_and_nothing_more_harm_nobody() {
    let test = TestEnvironment::new();
    let mut other = Agent::greeted(&test);
    let mut agent = Agent::greeted(&test);
    for line in [
        "nonsense",
        "{}",
        "[]",
        "null",
        r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
        r#"{"jsonrpc":"1.0","id":77,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unheard-of","params":[1]}"#,
        r#"{"jsonrpc":"2.0","id":12345,"result":{"never":"asked"}}"#,
        "\u{0}\u{1}\u{2}",
        &"[".repeat(100_000),
        &format!(
            r#"{{"jsonrpc":"2.0","id":78,"method":"{}"}}"#,
            "x".repeat(1 << 20)
        ),
    ] {
        agent.say(line);
    }
    let unknown = agent.ask("no/such/method", json!({}));
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    let wrong = agent.ask("tools/call", json!({"name": 7}));
    assert!(wrong["error"]["code"].is_i64(), "{wrong}");
    assert!(agent.tools().contains(&"skill_search".to_owned()));
    agent.say_part(r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"na"#);
    assert!(agent.leave().success());
    assert!(other.tools().contains(&"skill_search".to_owned()));
}

#[test]
fn ten_thousand_calls_at_once_are_all_answered() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("quick", &["go"], "module.exports = { go() { return 1; } };");
    let mut agent = Agent::greeted(&test);
    let daemon = test.daemon();
    let calls = json!({"name": "quick_go", "arguments": {}});
    let ids = agent.begin_many(CALLS, "tools/call", &calls);
    let mut awaited: BTreeSet<u64> = ids.collect();
    let (mut done, mut refused) = (0, 0);
    while !awaited.is_empty() {
        let message = agent.hear();
        let Some(id) = message["id"].as_u64() else {
            continue;
        };
        assert!(awaited.remove(&id), "answered twice: {message}");
        match message["result"]["isError"] == true {
            false => done += 1,
            true => {
                let text = message["result"]["content"][0]["text"].as_str().unwrap();
                assert!(text.starts_with("OVERLOADED"), "{message}");
                refused += 1;
            }
        }
    }
    assert_eq!(done + refused, CALLS);
    assert!(done > 0);
    let again = agent.call("quick_go", json!({}));
    assert_ne!(again["isError"], true, "{again}");
    assert_eq!(test.daemon(), daemon, "the same daemon all the time");
}
