//! `cargo xtask fuzz`: the fuzz targets, for longer than the tests run them.

use crate::error::ChoreError;
use crate::workspace::Workspace;

/// The packages that have targets.
const PACKAGES: [&str; 6] = [
    "mycelium-types",
    "mycelium-network",
    "mycelium-package",
    "mycelium-protocol",
    "mycelium-resolver",
    "mycelium-runtime",
];

/// How many changes a target makes unless it is said.
pub(crate) const USUAL: u32 = 20_000;

/// Where the property tests read how many changes to make.
const CASES: &str = "PROPTEST_CASES";

/// Runs every target with `count` changes.
pub(crate) fn run(workspace: &Workspace, count: u32) -> Result<(), ChoreError> {
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    workspace
        .cargo()
        .args(["test", "--locked"])
        .args(packages)
        .args(["--", "fuzz_"])
        .env(CASES, count.to_string())
        .run()
}
