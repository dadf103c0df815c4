//! The log as its users see it: what survives, what is found.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod suite {
    mod failures;
    mod processes;
    mod recovery;
    mod scene;
    mod tampering;
    mod writing;
}
