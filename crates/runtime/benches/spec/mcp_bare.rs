//! The floor of a server of MCP: one with a single tool, made with the library that ours is made with.

use std::path::PathBuf;

use crate::Outcome;
use crate::agent::Agent;
use crate::report;
use crate::scene::Scene;
use crate::scene::command;

const STARTS: usize = 40;
const TOOL: &str = "greet";

/// Measures a start with one call, and the memory.
pub(crate) fn measure(_scene: &Scene) -> Outcome<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the benchmark is told by the program that starts it"
    )]
    let program = std::env::var_os("MYCELIUM_BENCH_MCP_BARE").map(PathBuf::from);
    let program = program.ok_or("run this by `cargo xtask bench`")?;
    let start = || Agent::start(command(&program));
    let times = report::measure(STARTS, || {
        let mut agent = start()?;
        agent.greet(TOOL)?;
        agent.leave()
    })?;
    report::times("mcp-bare-start", &times)?;
    let mut agent = start()?;
    agent.greet(TOOL)?;
    report::amount("mcp-bare", agent.server_megabytes()?)?;
    agent.leave()
}
