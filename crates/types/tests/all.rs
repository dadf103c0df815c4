//! Everything that is tested through the crate's public face.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../fuzz/mutation.rs"]
mod mutation;

mod suite {
    mod agent_skills;
    mod demo_manifests;
    mod fuzz;
    mod hostile_documents;
    mod manifest_corpus;
    mod messages;
}
