//! The crate's integration tests: a registry on the loopback interface, real HTTP, real files.
#![expect(
    clippy::unwrap_used,
    reason = "what fails in a test's helper fails the test"
)]

mod suite {
    mod archives;
    mod concurrency;
    mod configuration;
    mod faults;
    mod install;
    mod published;
    mod real;
    mod registry;
    mod scene;
    mod storage;
    mod versions;
}
