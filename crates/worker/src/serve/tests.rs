//! The worker over its wire, in a thread and without a sandbox.

mod answers;
mod exchanges;
mod failures;
mod fixture;
mod host;
mod life;
