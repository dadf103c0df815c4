//! A server of MCP with one tool, made with its authors' SDK for TypeScript, without any sandbox.

use std::path::Path;
use std::path::PathBuf;

use crate::Outcome;
use crate::agent::Agent;
use crate::report;
use crate::scene::Scene;
use crate::scene::command;

const STARTS: usize = 20;
const TOOL: &str = "greet";

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

/// Measures a start with one call, and the memory.
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
    agent.leave()
}

fn told(variable: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the benchmark is told by the program that starts it"
    )]
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.filter(|path| Path::exists(path))
}
