//! Packages: made by real programs, by enemies, and by us.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod suite {
    pub(crate) mod archive;
    mod fuzz;
    mod harmless;
    mod hostile;
    mod packing;
}
