//! The executable. Where there is no sandbox for skills, it says so and runs nothing.
#![forbid(unsafe_code)]

#[cfg(any(not(target_os = "linux"), test))]
mod elsewhere;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    mycelium_cli::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    use std::io::Write as _;

    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let answer = elsewhere::answer(&words, std::env::consts::OS);
    // Whoever has closed the streams does not want to know.
    let _ = std::io::stdout().write_all(answer.output.as_bytes());
    let _ = std::io::stderr().write_all(answer.error.as_bytes());
    ExitCode::from(answer.status as u8)
}
