//! The embedded JavaScript engine: QuickJS with Node's module system and builtin modules.
//!
//! The engine holds no security boundary: the process around it does. What it adds is that a program is told politely
//! what it may not do, and how it went wrong.

mod binding;
mod builtin;
mod bytecode;
mod compile;
mod compiled;
mod engine;
mod failure;
mod guard;
mod host;
mod json;
mod loader;
mod modules;
mod output;
mod pack;
mod path;
mod program;
mod requests;
mod source;
mod trace;

pub use compile::Compilation;
pub use compile::compile;
pub use engine::Engine;
pub use engine::EngineOptions;
pub(crate) use engine::Waiting;
pub(crate) use failure::plain as plain_failure;
pub use output::Listener;
pub(crate) use program::Answer;
pub(crate) use program::Call;
pub(crate) use program::Pending;
pub(crate) use program::Progress;
pub(crate) use program::never_settles;
