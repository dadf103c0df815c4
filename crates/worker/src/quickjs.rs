//! The embedded JavaScript engine: QuickJS with Node's module system and builtin modules.

mod binding;
mod builtin;
mod bytecode;
mod engine;
mod pack;

pub use engine::Engine;
