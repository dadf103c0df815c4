//! All integration tests of the crate in one program.
#![allow(clippy::unwrap_used, reason = "a test that fails should panic")]

#[path = "suite/offers.rs"]
mod offers;
#[path = "suite/remote.rs"]
mod remote;
#[path = "suite/servers.rs"]
mod servers;
#[path = "suite/web.rs"]
mod web;
