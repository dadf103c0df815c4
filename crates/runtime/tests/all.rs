//! The runtime with real workers in real sandboxes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod suite {
    mod agents;
    mod attacks;
    mod audit;
    mod calls;
    mod faults;
    mod host_api;
    mod hostile_repository;
    mod last_use;
    mod library;
    mod lifecycle;
    mod limits;
    mod native;
    mod native_attacks;
    mod neighbours;
    mod network;
    mod offers;
    mod packages;
    mod reach;
    mod rungs;
    mod scripts;
    mod secrets;
    mod servers;
    mod stage;
    mod trace;
    mod trust;
    mod violations;
    mod world;
}
