//! Real Node, which tells what is right.

use std::path::Path;

/// The version of Node whose behaviour the engine follows.
const VERSION: &str = "v20.";

/// Runs a script in `folder` and gives what it prints, or why that cannot be done.
pub(crate) fn run(folder: &Path, script: &str) -> Result<String, String> {
    let version = node(folder, &["--version"])?;
    if !version.starts_with(VERSION) {
        return Err(format!(
            "node is {}, and the reference is {VERSION}x",
            version.trim()
        ));
    }
    node(folder, &["--no-warnings", script])
}

#[allow(
    clippy::disallowed_methods,
    reason = "the reference is a program that is no part of the project"
)]
fn node(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = std::process::Command::new("node")
        .args(arguments)
        .current_dir(folder)
        .env_remove("NODE_OPTIONS")
        .env("TZ", "UTC")
        .output()
        .map_err(|error| format!("node does not start: {error}"))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("node failed: {}\n{error}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// Says that a test could not compare with Node, which is a failure where everything is required.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the variable is the test run's own switch, and its log the place to say so"
)]
pub(crate) fn missing(reason: &str) {
    eprintln!("not compared with Node: {reason}");
    let required = std::env::var("MYCELIUM_TEST_REQUIRE").as_deref() == Ok("all");
    assert!(!required, "{reason}");
}
