//! Checks what the repository's texts say against the code.

mod suite {
    mod configuration;
    mod errors;
    mod lifecycle;
    mod links;
    mod manifest;
    mod repository;
}
