//! What crosses the two wires, from hostile hands.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../fuzz/mutation.rs"]
mod mutation;

mod suite {
    mod fuzz;
}
