//! `cargo xtask ci`: everything a change must pass.

use std::path::Path;
use std::time::Instant;

use crate::attacks;
use crate::error::ChoreError;
use crate::layers;
use crate::schemas;
use crate::schemas::Usage;
use crate::test;
use crate::tools;
use crate::workspace::Workspace;

type Step = (&'static str, fn(&Workspace) -> Result<End, ChoreError>);

/// How a step ended that did not fail.
enum End {
    Passed,
    /// It could not be taken here, for this reason.
    Skipped(String),
}

/// In the order of how soon they tell something is wrong.
const STEPS: &[Step] = &[
    ("formatting", formatting),
    ("layers", |workspace| passed(layers::run(workspace))),
    ("licences, bans and sources", packages),
    ("clippy", clippy),
    ("other systems", other_systems),
    ("schemas", |workspace| {
        passed(schemas::run(workspace, Usage::Check))
    }),
    ("attack matrix", |workspace| {
        passed(attacks::run(workspace, Usage::Check))
    }),
    ("tests", |workspace| passed(test::run(workspace, &[]))),
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
        let word = match outcome {
            Ok(End::Passed) => "passed".to_owned(),
            Ok(End::Skipped(reason)) => format!("SKIPPED: {reason}"),
            Err(error) => {
                crate::report(&error);
                failed.push(*name);
                "FAILED".to_owned()
            }
        };
        ends.push(format!("{name:28} {seconds:4} s  {word}"));
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

fn passed(outcome: Result<(), ChoreError>) -> Result<End, ChoreError> {
    outcome.map(|()| End::Passed)
}

fn formatting(workspace: &Workspace) -> Result<End, ChoreError> {
    passed(workspace.cargo().args(["fmt", "--all", "--check"]).run())
}

fn clippy(workspace: &Workspace) -> Result<End, ChoreError> {
    passed(
        workspace
            .cargo()
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--", "-D", "warnings"])
            .run(),
    )
}

/// Systems without a sandbox, where the program only says so.
const OTHER_SYSTEMS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-pc-windows-gnu"];

/// Checks that the program can be built where it only says that it runs nothing.
fn other_systems(workspace: &Workspace) -> Result<End, ChoreError> {
    for system in OTHER_SYSTEMS {
        let rustup = workspace
            .program(Path::new("rustup"))
            .args(["target", "add", system]);
        if let Err(error) = rustup.run() {
            return Ok(End::Skipped(format!("no Rust for {system}: {error}")));
        }
        let check = ["check", "--locked", "-p", "mycelium", "--bin", "mycelium"];
        let cargo = workspace.cargo().args(check).args(["--target", system]);
        cargo.env("RUSTFLAGS", "-D warnings").run()?;
    }
    Ok(End::Passed)
}

/// Checks what packages we take against `deny.toml`.
///
/// Advisories are not checked here: their database is a repository on the network, and what passes
/// today must not fail tomorrow for reasons outside the change. `cargo deny check advisories` does it.
fn packages(workspace: &Workspace) -> Result<End, ChoreError> {
    let deny = match tools::cargo_deny(workspace) {
        Ok(deny) => deny,
        Err(error) => return Ok(End::Skipped(format!("there is no cargo-deny: {error}"))),
    };
    passed(
        workspace
            .program(&deny.path)
            .args(["--locked", "check", "licenses", "bans", "sources"])
            .run(),
    )
}
