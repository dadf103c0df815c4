//! Agents over MCP: the same skills, a session of their own, an end that leaves nothing.

use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::support::Agent;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;
use crate::support::until;

const CODE: &str = "
let count = 0;
module.exports = {
  /**
   * Greets somebody.
   * @param {string} name who
   */
  greet(name) { return `Hello, ${name}! (${++count})`; },
  add({ a, b }) { return a + b; },
  point() { return { x: 1 }; },
  long(length) { return 'x'.repeat(length); },
  fail() { throw new Error('on purpose'); },
  wait(ms) { console.log('waiting'); return new Promise(resolve => setTimeout(resolve, ms)); },
};
";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    let manifest = json!({
        "name": "tool",
        "version": "1.0.0",
        "description": "A skill of a test",
        "entrypoint": "index.js",
        "exports": [
            "greet",
            {
                "name": "add",
                "description": "Adds two numbers.",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
                    "required": ["a", "b"],
                },
                "returns": {"type": "number"},
                "readOnly": true,
            },
            "point",
            "long",
            "fail",
            {"name": "wait", "destructive": true},
        ],
    });
    test.skill_with(&manifest, CODE);
    test
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[test]
fn functions_are_tools_with_schemas_from_manifest_and_source() {
    let test = environment();
    let mut agent = Agent::greeted(&test);
    let list = agent.ask("tools/list", json!({}));
    let tools = list["result"]["tools"].as_array().unwrap();
    let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    assert_eq!(tools[0]["name"], "skill_search");
    let greet = tool("tool_greet");
    assert_eq!(greet["inputSchema"]["properties"]["name"]["type"], "string");
    assert_eq!(greet["inputSchema"]["required"], json!(["name"]));
    assert_eq!(
        greet["description"],
        "Greets somebody. (tool: A skill of a test)"
    );
    let add = tool("tool_add");
    assert_eq!(add["annotations"]["readOnlyHint"], true);
    assert_eq!(
        add["outputSchema"]["properties"]["result"]["type"],
        "number"
    );
    assert_eq!(tool("tool_wait")["annotations"]["destructiveHint"], true);
    assert!(agent.leave().success());
}

#[test]
fn results_are_text_and_objects_and_errors_say_what_to_do() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::greeted(&test);
    let greeting = agent.call("tool_greet", json!({"name": "Ada"}));
    assert_eq!(text(&greeting), "Hello, Ada! (1)");
    let sum = agent.call("tool_add", json!({"a": 1, "b": 2}));
    assert_eq!(sum["structuredContent"], json!({"result": 3}));
    let point = agent.call("tool_point", json!({}));
    assert_eq!(point["structuredContent"], json!({"x": 1}));

    let refused = agent.call("tool_add", json!({"a": "one"}));
    assert_eq!(refused["isError"], true);
    assert!(
        text(&refused).starts_with("ARGUMENTS_INVALID: "),
        "{refused}"
    );
    let misspelt = agent.call("tool_greet", json!({"nme": "Ada"}));
    assert!(text(&misspelt).contains("`name`"), "{misspelt}");
    let failed = agent.call("tool_fail", json!({}));
    assert_eq!(failed["structuredContent"]["code"], "SKILL_EXECUTION_ERROR");
    assert!(text(&failed).contains("on purpose"));
    let unknown = agent.ask("tools/call", json!({"name": "tool_nothing"}));
    assert_eq!(unknown["error"]["code"], -32602);

    let long = agent.call("tool_long", json!({"length": 150_000}));
    let link = &long["content"][2];
    assert_eq!(
        (&link["type"], &link["size"]),
        (&json!("resource_link"), &json!(150_000))
    );
    let whole = agent.ask("resources/read", json!({"uri": link["uri"]}));
    let whole = whole["result"]["contents"][0]["text"].as_str().unwrap();
    assert_eq!(whole.len(), 150_000);
}

#[test]
fn many_skills_are_found_described_and_run_by_three_tools() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::of(
        test.command(&["mcp", "serve"])
            .env("MYCELIUM_MCP_MAX_LISTED_SKILLS", "1"),
    );
    agent.ask(
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    assert_eq!(
        agent.tools(),
        ["skill_search", "skill_describe", "skill_run"]
    );
    let found = agent.call("skill_search", json!({"query": "tool"}));
    assert_eq!(found["structuredContent"]["skills"][0]["name"], "tool");
    let described = agent.call("skill_describe", json!({"skill": "tool"}));
    let functions = described["structuredContent"]["functions"]
        .as_array()
        .unwrap();
    assert_eq!(functions[0]["arguments"]["required"], json!(["name"]));
    let run = |agent: &mut Agent, method: &str| {
        let arguments = json!({"skill": "tool@^1", "method": method, "arguments": {"name": "Eve"}});
        agent.call("skill_run", arguments)
    };
    assert_eq!(text(&run(&mut agent, "greet")), "Hello, Eve! (1)");
    assert!(text(&run(&mut agent, "gret")).contains("Did you mean `greet`?"));
    let unknown = agent.call("skill_describe", json!({"skill": "tol"}));
    assert!(text(&unknown).contains("`tool`"), "{unknown}");
}

#[test]
fn each_agent_has_instances_of_its_own_which_end_with_it() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut first = Agent::greeted(&test);
    let mut second = Agent::greeted(&test);
    first.call("tool_greet", json!({"name": "one"}));
    assert!(text(&first.call("tool_greet", json!({"name": "one"}))).ends_with("(2)"));
    assert!(text(&second.call("tool_greet", json!({"name": "two"}))).ends_with("(1)"));
    let running = |test: &TestEnvironment| {
        let report = test.run(&["ps", "--json"]).expect(0).json();
        report["instances"].as_array().unwrap().len()
    };
    assert_eq!(running(&test), 2);
    assert!(first.leave().success());
    // SIGKILL, which no agent can prepare for.
    let pid = Pid::from_raw(i32::try_from(second.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    drop(second);
    // The daemon notices by itself; a request that comes later waits for nothing else.
    assert_eq!(until(|| running(&test), |left| *left == 0), 0);
}

#[test]
fn a_lost_daemon_costs_the_calls_that_ran_and_nothing_else() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let mut agent = Agent::greeted(&test);
    assert!(text(&agent.call("tool_greet", json!({"name": "Ada"}))).ends_with("(1)"));
    let running = agent.begin(
        "tools/call",
        json!({"name": "tool_wait", "arguments": {"ms": 20_000}}),
    );
    // Its answer comes after the call has begun.
    agent.tools();
    rustix::process::kill_process(test.daemon().unwrap(), Signal::KILL).unwrap();
    let lost = agent.hear();
    assert_eq!(
        (&lost["id"], &lost["error"]["code"]),
        (&json!(running), &json!(-32000))
    );
    let again = agent.call("tool_greet", json!({"name": "Ada"}));
    assert!(text(&again).ends_with("(1)"), "{again}");
    assert!(agent.leave().success());
}

#[test]
fn it_ends_with_the_process_that_started_it() {
    let test = environment();
    let program = env!("CARGO_BIN_EXE_mycelium");
    let mut command = test.command_of(
        std::path::Path::new("/bin/sh"),
        &[
            "-c",
            &format!("exec 3<&0; {program} mcp serve <&3 & echo $!; wait"),
        ],
    );
    let mut parent = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(parent.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let bridge = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
    let bridge = rustix::process::pidfd_open(bridge, PidfdFlags::empty()).unwrap();
    // The bridge's input stays open: this process holds it. (A shell gives a background process another
    // one, hence the descriptor 3.)
    let mut stdin = parent.stdin.take().unwrap();
    std::io::Write::write_all(
        &mut stdin,
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}\n",
    )
    .unwrap();
    line.clear();
    output.read_line(&mut line).unwrap();
    assert!(line.contains("serverInfo"), "{line}");
    parent.kill().unwrap();
    parent.wait().unwrap();
    let mut end = [rustix::event::PollFd::new(
        &bridge,
        rustix::event::PollFlags::IN,
    )];
    let patience = rustix::event::Timespec {
        tv_sec: 60,
        tv_nsec: 0,
    };
    assert_eq!(rustix::event::poll(&mut end, Some(&patience)), Ok(1));
}

#[test]
fn a_new_skill_is_announced() {
    let test = environment();
    let mut agent = Agent::greeted(&test);
    assert!(!agent.tools().contains(&"later_run".to_owned()));
    test.skill("later", &["run"], "module.exports = { run() {} };");
    test.run(&["discover"]).expect(0);
    let message = agent.hear();
    assert_eq!(message["method"], "notifications/tools/list_changed");
    assert!(agent.tools().contains(&"later_run".to_owned()));
}

#[test]
fn the_stateless_revision_is_spoken_too_and_nonsense_harms_nobody() {
    let test = environment();
    let mut agent = Agent::started(&test);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let found = agent.ask("server/discover", json!({"_meta": meta}));
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{found}");
    let found = agent.ask(
        "tools/call",
        json!({"name": "skill_search", "arguments": {"query": "test"}, "_meta": meta}),
    );
    assert_eq!(found["result"]["resultType"], "complete", "{found}");
    // JSON-RPC can only answer what has a number.
    agent.say("nonsense");
    let list = agent.ask("tools/list", json!({"_meta": meta}));
    assert!(list["result"]["tools"].is_array(), "{list}");
}

#[test]
fn it_needs_the_daemon() {
    let test = environment();
    let refused = test.run(&["mcp", "serve", "--no-daemon"]).expect(2);
    assert!(refused.stderr.contains("USAGE"), "{refused}");
}
