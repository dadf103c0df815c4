//! The command line: arguments, one file per command, rendering, exit status; dispatches the personalities.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod arguments;
mod bridge;
mod client;
mod commands;
mod defect;
#[cfg(test)]
mod documentation;
mod error;
mod input;
mod invocation;
mod personality;
mod render;
mod session;
mod shell;

use std::ffi::OsString;
use std::process::ExitCode;

/// What the executable does.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything else: the launcher must not have a thread or a large heap when it begins.
    let mut words = std::env::args_os().skip(1);
    let first = words.next();
    if let Some(personality) = first.as_deref().and_then(personality::of_argument) {
        return personality.run();
    }
    let words: Vec<OsString> = first.into_iter().chain(words).collect();
    let status = defect::guard(|| invocation::run(words));
    ExitCode::from(status as u8)
}
