//! Integration tests of the worker.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod suite;
