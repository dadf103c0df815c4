//! The runtime with real workers in real sandboxes.

mod suite {
    mod calls;
    mod faults;
    mod lifecycle;
    mod stage;
    mod world;
}
