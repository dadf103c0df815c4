//! Runs a JavaScript file on the embedded engine, without a sandbox: `cargo run --example evaluate -- FILE.js [PACK]`.
//!
//! Modules are taken from the pack of bytecode, if there is one (see the example `compile`). The text is the body of an
//! async function, as far as `require`, `await` and `return` are concerned. What it returns is printed as JSON.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for the terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::worker::Notification;
use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(file) = arguments.next() else {
        eprintln!("usage: evaluate FILE.js [PACK]");
        return ExitCode::from(2);
    };
    let pack = arguments.next();
    let read =
        || Ok::<_, std::io::Error>((fs_err::canonicalize(&file)?, fs_err::read_to_string(&file)?));
    let (file, source) = match read() {
        Ok(read) => read,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let options = EngineOptions {
        listener: Box::new(show),
        stack: 4 << 20,
        ..EngineOptions::default()
    };
    let evaluated = Engine::new(options).and_then(|mut engine| {
        engine.use_folders(pack, None);
        engine.evaluate(&source, &file)
    });
    match evaluated {
        Ok(value) => {
            println!("{value}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{:?}: {}", failure.kind, failure.message);
            if let Some(stack) = failure.stack {
                eprintln!("{stack}");
            }
            ExitCode::FAILURE
        }
    }
}

fn show(notification: Notification) {
    match notification {
        Notification::Console(printed) => match printed.level {
            ConsoleLevel::Debug | ConsoleLevel::Info => println!("{}", printed.text),
            ConsoleLevel::Warn | ConsoleLevel::Error => eprintln!("{}", printed.text),
        },
        // Nobody is observed here, and there is no call that could be somewhere or be put on record.
        Notification::Used(_)
        | Notification::Looked(_)
        | Notification::Progress(_)
        | Notification::Assets(_) => {}
        Notification::Omitted(omitted) => {
            eprintln!("refused: {} more", omitted.refused);
        }
        Notification::Denied(denied) => {
            eprintln!(
                "refused: {} {}",
                denied.operation.as_str(),
                denied.attempted
            );
        }
    }
}
