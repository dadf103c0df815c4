//! Runs hostile programs in the real sandbox, as root and as an ordinary user.
//!
//! This program is its own launcher, so it cannot use the standard test harness, which starts threads.

mod suite {
    pub(crate) mod attacks;
    pub(crate) mod basics;
    pub(crate) mod fixture;
    pub(crate) mod hostile;
    pub(crate) mod matrix;
    pub(crate) mod who;
}

use std::process::ExitCode;

use libtest_mimic::Arguments;
use mycelium_sandbox::LAUNCHER_ARGUMENT;

/// A test's name and its function, which panics if the test fails.
type Test = (&'static str, fn());

const TESTS: &[&[Test]] = &[suite::basics::TESTS, suite::attacks::TESTS];

fn main() -> ExitCode {
    let launcher = std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == LAUNCHER_ARGUMENT);
    if launcher {
        return ExitCode::from(mycelium_sandbox::launcher::run(suite::hostile::worker_main));
    }
    let arguments = Arguments::from_args();
    let tests = TESTS.iter().copied().flatten().copied();
    let trials = tests.flat_map(suite::who::trials).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
