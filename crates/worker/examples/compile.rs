//! Compiles folders to a pack of bytecode, as a compile worker does: `cargo run --example compile -- PACK FOLDER…`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for the terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;

/// A main thread has 8 MiB.
const STACK: usize = 4 << 20;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(pack) = arguments.next() else {
        eprintln!("usage: compile PACK FOLDER…");
        return ExitCode::from(2);
    };
    let roots: Vec<PathBuf> = arguments.collect();
    let compiled = mycelium_worker::compile(&roots, STACK);
    for (file, reason) in &compiled.skipped {
        eprintln!("skipped {}: {reason}", file.display());
    }
    println!("{} files, {} bytes", compiled.files, compiled.pack.len());
    match fs_err::write(pack, compiled.pack) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
