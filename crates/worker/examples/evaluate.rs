//! Runs a JavaScript file on the embedded engine, without a sandbox: `cargo run --example evaluate -- FILE.js`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: evaluate FILE.js");
        return ExitCode::from(2);
    };
    let source = match fs_err::read_to_string(&file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let outcome = mycelium_worker::Engine::new()
        .and_then(|mut engine| engine.evaluate(&source, &file));
    match outcome {
        Ok(value) => {
            println!("{value}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
