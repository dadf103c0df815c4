//! A server of MCP with one tool, made with its authors' SDK for TypeScript: without any sandbox, beside ours, and under
//! our client.

use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use mycelium_protocol::control::Command;
use mycelium_protocol::control::ToolRequest;
use serde_json::Map;
use serde_json::json;

use crate::Outcome;
use crate::agent::Agent;
use crate::report;
use crate::scene::Scene;
use crate::scene::command;
use crate::socket::Socket;

const STARTS: usize = 20;
const CALLS: usize = 1_000;
const TOOL: &str = "greet";
const NAME: &str = "greeter";

/// The server. It is given the SDK's folder.
const SERVER: &str = "\
const sdk = `${process.argv[2]}/dist/esm`;
const { Server } = await import(`${sdk}/server/index.js`);
const { StdioServerTransport } = await import(`${sdk}/server/stdio.js`);
const { CallToolRequestSchema, ListToolsRequestSchema } = await import(`${sdk}/types.js`);
const server = new Server({ name: 'greeter', version: '1.0.0' }, { capabilities: { tools: {} } });
const inputSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: [{ name: 'greet', inputSchema }] }));
server.setRequestHandler(CallToolRequestSchema, async ({ params }) => ({
  content: [{ type: 'text', text: `Hello, ${params.arguments.name}!` }],
}));
await server.connect(new StdioServerTransport());
";

/// Measures a start with one call, the memory, and calls: of somebody who speaks to it, and through the daemon.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    let (Some(node), Some(sdk)) = (
        told("MYCELIUM_BENCH_MCP_NODE"),
        told("MYCELIUM_BENCH_MCP_SDK"),
    ) else {
        return Err("there is no TypeScript SDK: run this by `cargo xtask bench`".into());
    };
    let file = scene.place("server.mjs");
    fs_err::write(&file, SERVER)?;
    let start = || {
        let mut server = command(&node);
        server.arg(&file).arg(&sdk);
        Agent::start(server)
    };
    let times = report::measure(STARTS, || {
        let mut agent = start()?;
        agent.greet(TOOL)?;
        agent.leave()
    })?;
    report::times("mcp-typescript-start", &times)?;
    let mut agent = start()?;
    agent.greet(TOOL)?;
    report::amount("mcp-typescript", agent.server_megabytes()?)?;
    let direct = report::measure(CALLS, || agent.greet(TOOL))?;
    report::times("mcp-direct-call", &direct)?;
    agent.leave()?;

    let entry = json!({"command": node, "args": [file, sdk]});
    let configuration = scene.environment()["HOME"].join(".claude/skills.config");
    let before = fs_err::read_to_string(&configuration).ok();
    if let Some(folder) = configuration.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let servers = json!({"mcp": {"servers": {NAME: entry}}});
    fs_err::write(&configuration, servers.to_string())?;
    let outcome = through_the_daemon(scene, &direct);
    match before {
        Some(text) => fs_err::write(&configuration, text)?,
        None => fs_err::remove_file(&configuration)?,
    }
    outcome
}

/// Measures calls that the daemon makes, and how much longer than `direct` ones they take.
fn through_the_daemon(scene: &Scene, direct: &[Duration]) -> Outcome<()> {
    let mycelium = |args: &[&str]| {
        let mut mycelium = command(&scene.program);
        mycelium.args(args).envs(scene.environment());
        mycelium
            .current_dir(scene.workspace())
            .stdout(Stdio::null());
        mycelium
    };
    // A folder that is not there is not used, and the socket is to be where it is looked for.
    fs_err::create_dir_all(&scene.environment()["XDG_RUNTIME_DIR"])?;
    if !mycelium(&["mcp", "tools", NAME]).status()?.success() {
        return Err("the daemon does not reach the server".into());
    }
    let mut socket = Socket::open(scene, &scene.workspace())?;
    let call = Command::Tool(ToolRequest {
        server: NAME.to_owned(),
        tool: TOOL.to_owned(),
        arguments: Map::from_iter([("name".to_owned(), "bench".into())]),
        timeout_seconds: None,
    });
    let times = report::measure(CALLS, || socket.ask(call.clone()));
    let stopped = mycelium(&["daemon", "stop"]).status()?;
    let times = times?;
    report::times("mcp-client-call", &times)?;
    report::added("mcp-client-added", &times, direct)?;
    stopped
        .success()
        .then_some(())
        .ok_or("the daemon did not stop".into())
}

fn told(variable: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the benchmark is told by the program that starts it"
    )]
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.filter(|path| Path::exists(path))
}
