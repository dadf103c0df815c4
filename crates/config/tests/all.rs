//! Everything that is tested through the crate's public face.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod suite {
    mod agent_view;
    mod agents;
    mod editing;
    mod folders;
    mod hostile_files;
    mod keys;
    mod layers;
    mod plugins;
    mod secrets;
    mod servers;
    mod skill_settings;
    mod untrusted_workspace;

    mod fixture;
}
