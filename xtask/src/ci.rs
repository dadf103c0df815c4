//! `cargo xtask ci`: everything a change must pass.

use std::time::Instant;

use crate::error::ChoreError;
use crate::layers;
use crate::schemas;
use crate::schemas::SchemaUse;
use crate::test;
use crate::tools;
use crate::workspace::Workspace;

type Step = (&'static str, fn(&Workspace) -> Result<(), ChoreError>);

/// In the order of how soon they tell something is wrong.
const STEPS: &[Step] = &[
    ("formatting", formatting),
    ("layers", layers::run),
    ("licences, bans and sources", packages),
    ("clippy", clippy),
    ("schemas", |workspace| {
        schemas::run(workspace, SchemaUse::Check)
    }),
    ("tests", |workspace| test::run(workspace, &[])),
];

/// Runs every step, even after one failed, and says at the end how each went.
pub(crate) fn run(workspace: &Workspace) -> Result<(), ChoreError> {
    let mut ends = Vec::new();
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        println!("\n=== {name}");
        let start = Instant::now();
        let outcome = step(workspace);
        let seconds = start.elapsed().as_secs();
        match outcome {
            Ok(()) => ends.push(format!("{name:28} passed  {seconds:4} s")),
            Err(error) => {
                crate::report(&error);
                ends.push(format!("{name:28} FAILED  {seconds:4} s"));
                failed.push(*name);
            }
        }
    }
    println!("\n=== summary\n{}", ends.join("\n"));
    if failed.is_empty() {
        println!("ci: passed");
        return Ok(());
    }
    Err(ChoreError::finding(format!(
        "failed: {}",
        failed.join(", ")
    )))
}

fn formatting(workspace: &Workspace) -> Result<(), ChoreError> {
    workspace.cargo().args(["fmt", "--all", "--check"]).run()
}

fn clippy(workspace: &Workspace) -> Result<(), ChoreError> {
    workspace
        .cargo()
        .args(["clippy", "--workspace", "--all-targets", "--locked"])
        .args(["--", "-D", "warnings"])
        .run()
}

/// Checks what packages we take against `deny.toml`.
///
/// Advisories are not checked here: their database is a repository on the network, and what passes
/// today must not fail tomorrow for reasons outside the change. `cargo deny check advisories` does it.
fn packages(workspace: &Workspace) -> Result<(), ChoreError> {
    let deny = tools::cargo_deny(workspace)?;
    workspace
        .program(&deny.path)
        .args(["--locked", "check", "licenses", "bans", "sources"])
        .run()
}
