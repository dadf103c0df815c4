//! The runtime with real workers in real sandboxes.

mod suite;
