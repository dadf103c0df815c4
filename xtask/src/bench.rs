//! `cargo xtask bench`: every promised number, measured beside its floor and printed as one table.

mod measured;
mod render;
mod rows;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::bench::measured::Measured;
use crate::error::ChoreError;
use crate::tools;
use crate::workspace::Workspace;

/// Programs that measure, in this order: package and benchmark.
const PROGRAMS: &[(&str, &str)] = &[
    ("mycelium-sandbox", "setup"),
    ("mycelium-network", "request"),
    ("mycelium-runtime", "spec"),
];

/// What is measured: package and program.
const MEASURED: (&str, &str) = ("mycelium", "mycelium");

/// What it is compared with: package and example.
const BARE_SERVER: (&str, &str) = ("mycelium-mcp", "bare");

/// The variable that tells the benchmarks which `mycelium` to measure.
const PROGRAM_VARIABLE: &str = "MYCELIUM_BENCH_PROGRAM";

/// The variable that tells them of a server of MCP with nothing behind it.
const BARE_SERVER_VARIABLE: &str = "MYCELIUM_BENCH_MCP_BARE";

/// The variables that tell them of a Node.js and the TypeScript SDK of MCP for it.
const SDK_NODE_VARIABLE: &str = "MYCELIUM_BENCH_MCP_NODE";
const SDK_VARIABLE: &str = "MYCELIUM_BENCH_MCP_SDK";

/// Builds for release, measures, prints the table, and writes it to `json` too if wanted.
///
/// Fails if something was measured to be slower than the most it may take.
pub(crate) fn run(workspace: &Workspace, json: Option<PathBuf>) -> Result<(), ChoreError> {
    println!("building for release; the first time takes some minutes");
    let programs = build(workspace)?;
    let node = tools::node(workspace);
    if let Err(error) = &node {
        println!("Node.js is not measured: {error}");
    }

    let clients = tools::clients(workspace);
    if let Err(error) = &clients {
        println!("no server with the TypeScript SDK is measured: {error}");
    }

    let mut measured = Measured::default();
    for (_, benchmark) in PROGRAMS {
        println!("measuring: {benchmark}");
        let mut program = workspace
            .program(executable(&programs, benchmark)?)
            .env(PROGRAM_VARIABLE, executable(&programs, MEASURED.1)?)
            .env(BARE_SERVER_VARIABLE, executable(&programs, BARE_SERVER.1)?);
        if let Ok(node) = &node {
            program = program.env("PATH", node.search_path());
        }
        if let Ok(clients) = &clients {
            program = program
                .env(SDK_NODE_VARIABLE, &clients.node.path)
                .env(SDK_VARIABLE, &clients.typescript);
        }
        let mut problem = None;
        program.each_line(|line| {
            if let Err(error) = measured.hear(line) {
                problem.get_or_insert(error);
            }
        })?;
        if let Some(source) = problem {
            return Err(ChoreError::Answer {
                program: (*benchmark).to_owned(),
                source,
            });
        }
    }

    let results = rows::results(&measured);
    print!("\n{}", render::table(&results, &measured));
    if let Some(path) = json {
        fs_err::write(&path, render::json(&results, &measured))?;
        println!("\nwrote {}", path.display());
    }
    ChoreError::of_findings(rows::too_slow(&results))
}

/// A line of what cargo says about a build.
#[derive(Debug, Deserialize)]
struct Built {
    target: Target,
    /// Absent for what is no program.
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

/// Builds everything by one cargo, so that what they share is built once. Returns the executables.
fn build(workspace: &Workspace) -> Result<BTreeMap<String, PathBuf>, ChoreError> {
    let mut args = vec!["build", "--quiet", "--locked", "--release"];
    args.extend(["--package", MEASURED.0, "--bin", MEASURED.1]);
    args.extend(["--package", BARE_SERVER.0, "--example", BARE_SERVER.1]);
    for (package, benchmark) in PROGRAMS {
        args.extend(["--package", package, "--bench", benchmark]);
    }
    args.push("--message-format=json-render-diagnostics");
    let mut programs = BTreeMap::new();
    workspace.cargo().args(args).each_line(|line| {
        // Other lines are about other things than programs.
        if let Ok(Built {
            target,
            executable: Some(path),
        }) = serde_json::from_str(line)
        {
            programs.insert(target.name, path);
        }
    })?;
    Ok(programs)
}

fn executable<'a>(
    programs: &'a BTreeMap<String, PathBuf>,
    name: &str,
) -> Result<&'a PathBuf, ChoreError> {
    let missing = || ChoreError::finding(format!("cargo built no {name}"));
    programs.get(name).ok_or_else(missing)
}
