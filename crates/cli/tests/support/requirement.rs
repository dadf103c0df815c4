//! What a test needs of the machine. `MYCELIUM_TEST_REQUIRE=all` makes a machine without it a failure.

use std::sync::OnceLock;

use super::Outcome;
use super::TestEnvironment;

/// Whether the whole sandbox holds here, so that skills run.
pub(crate) fn sandbox_holds() -> bool {
    static HOLDS: OnceLock<Result<(), String>> = OnceLock::new();
    let holds = HOLDS.get_or_init(|| {
        let report = TestEnvironment::new().run(&["doctor", "--json"]).json();
        match report["sandbox"]["rung"].as_str() {
            Some("full") => Ok(()),
            _ => Err(report["sandbox"].to_string()),
        }
    });
    match holds {
        Ok(()) => true,
        Err(reason) => missing(&format!("the sandbox does not hold here: {reason}")),
    }
}

/// Whether a command that needs a package could get it.
pub(crate) fn registry_answers(outcome: &Outcome) -> bool {
    let text = [outcome.stdout.as_str(), outcome.stderr.as_str()].concat();
    if text.contains("DEPENDENCY_UNAVAILABLE") {
        return missing(&format!("the package registry does not answer: {outcome}"));
    }
    true
}

/// Says why a test cannot run, or fails where all must.
pub(crate) fn missing(reason: &str) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the test run itself"
    )]
    let required = std::env::var("MYCELIUM_TEST_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!required, "{reason}");
    #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
    {
        eprintln!("skipped: {reason}");
    }
    false
}
