//! The program inside the sandbox: applies it, starts one engine, answers calls.

mod quickjs;

pub use quickjs::Engine;
