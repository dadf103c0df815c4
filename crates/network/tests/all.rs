//! The broker's tests: one program.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and the line is where it failed"
)]

mod suite {
    mod gate;
    mod open;
    mod read_tls;
    mod serve;
    mod world;
}
