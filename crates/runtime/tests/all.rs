//! The runtime with real workers in real sandboxes.

mod suite {
    mod calls;
    mod faults;
    mod lifecycle;
    mod packages;
    mod stage;
    mod world;
}
