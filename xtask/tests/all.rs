//! Checks what the repository's texts say against the code.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod suite {
    mod configuration;
    mod errors;
    mod lifecycle;
    mod links;
    mod manifest;
    mod repository;
}
