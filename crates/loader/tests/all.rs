//! Integration tests of the loader.
#![expect(
    clippy::unwrap_used,
    reason = "the fixtures of tests fail the test, as the tests do"
)]

mod suite {
    mod compatibility;
    mod embedded;
    mod folders;
    mod packaged;
    mod support;
    mod surface;
}
