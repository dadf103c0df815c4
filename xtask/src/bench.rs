//! `cargo xtask bench`: every promised number, measured beside its floor and printed as one table.

mod measured;
mod render;
mod rows;

use std::path::PathBuf;

use crate::bench::measured::Measured;
use crate::error::ChoreError;
use crate::tools;
use crate::workspace::Workspace;

/// Programs that measure: package and benchmark.
const PROGRAMS: &[(&str, &str)] = &[("mycelium-sandbox", "setup"), ("mycelium-runtime", "spec")];

/// The variable that tells the benchmarks which `mycelium` to measure.
const PROGRAM_VARIABLE: &str = "MYCELIUM_BENCH_PROGRAM";

/// Builds for release, measures, prints the table, and writes it to `json` too if wanted.
///
/// Fails if something was measured to be slower than the most it may take.
pub(crate) fn run(workspace: &Workspace, json: Option<PathBuf>) -> Result<(), ChoreError> {
    println!("building for release; the first time takes some minutes");
    workspace
        .cargo()
        .args(["build", "--quiet", "--locked", "--release"])
        .args(["--package", "mycelium", "--bin", "mycelium"])
        .run()?;
    let program = workspace.target.join("release").join("mycelium");
    let node = tools::node(workspace);
    if let Err(error) = &node {
        println!("Node.js is not measured: {error}");
    }

    let mut measured = Measured::default();
    for (package, benchmark) in PROGRAMS {
        let mut cargo = workspace
            .cargo()
            .args(["bench", "--quiet", "--locked"])
            .args(["--package", package, "--bench", benchmark])
            .env(PROGRAM_VARIABLE, &program);
        if let Ok(node) = &node {
            cargo = cargo.env("PATH", node.search_path());
        }
        println!("measuring: {package}, {benchmark}");
        let mut problem = None;
        cargo.each_line(|line| {
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
