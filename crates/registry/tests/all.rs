//! Integration tests of the registry.
#![expect(
    clippy::unwrap_used,
    reason = "the fixtures of tests fail the test, as the tests do"
)]

mod suite {
    mod agent_skills;
    mod discovery;
    mod packages;
    mod persistence;
    mod precedence;
    mod processes;
    mod search;
    mod support;
}
