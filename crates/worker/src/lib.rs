//! The program inside the sandbox: applies it, starts one engine, answers calls.
