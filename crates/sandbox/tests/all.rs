//! Runs hostile programs in the real sandbox, as root and as an ordinary user.
//!
//! This program is its own launcher, so it cannot use the standard test harness, which starts threads.

mod suite;

use std::process::ExitCode;

use mycelium_sandbox::LAUNCHER_ARGUMENT;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == LAUNCHER_ARGUMENT) {
        return ExitCode::from(mycelium_sandbox::launcher::run(suite::worker_main));
    }
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, suite::trials()).exit_code()
}
