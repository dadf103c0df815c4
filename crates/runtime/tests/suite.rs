#![allow(
    clippy::disallowed_methods,
    reason = "tests read their own environment and end their own processes"
)]

mod calls;
mod faults;
mod lifecycle;
mod stage;
mod world;
