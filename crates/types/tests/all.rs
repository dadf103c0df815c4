//! Everything that is tested through the crate's public face.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod suite {
    mod demo_manifests;
    mod hostile_documents;
    mod manifest_corpus;
    mod messages;
}
