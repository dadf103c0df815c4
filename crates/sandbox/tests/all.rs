//! Runs hostile programs in the real sandbox, as root and as an ordinary user.
//!
//! This program is its own launcher, so it cannot use the standard test harness, which starts threads.
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it must"
)]

#[path = "../../../attacks/kernel/list.rs"]
mod kernel;

mod suite {
    pub(crate) mod attacks;
    pub(crate) mod basics;
    pub(crate) mod creations;
    pub(crate) mod expected;
    pub(crate) mod faults;
    pub(crate) mod file_operations;
    pub(crate) mod fixture;
    pub(crate) mod hostile;
    pub(crate) mod ladder;
    pub(crate) mod life;
    pub(crate) mod limits;
    pub(crate) mod machine;
    pub(crate) mod network;
    pub(crate) mod paths;
    pub(crate) mod programs;
    pub(crate) mod who;
}

use std::process::ExitCode;

use libtest_mimic::Arguments;
use mycelium_sandbox::LAUNCHER_ARGUMENT;
use mycelium_sandbox::launcher;

/// A test's name and its function, which panics if the test fails.
type Test = (&'static str, fn());

const TESTS: &[&[Test]] = &[
    suite::basics::TESTS,
    suite::attacks::TESTS,
    suite::paths::TESTS,
    suite::creations::TESTS,
    suite::programs::TESTS,
    suite::limits::TESTS,
    suite::network::TESTS,
    suite::life::TESTS,
    suite::faults::TESTS,
];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == LAUNCHER_ARGUMENT => {
            return ExitCode::from(launcher::run(suite::hostile::worker_main));
        }
        Some(first) if first == suite::faults::SUPERVISOR_ARGUMENT => {
            let program = arguments.next().unwrap();
            return ExitCode::from(suite::faults::supervise(program.as_ref()));
        }
        Some(first) if first == suite::paths::NESTED_ARGUMENT => {
            return ExitCode::from(suite::paths::meet_nested_mounts());
        }
        Some(first) if first == suite::hostile::ATTACK_ARGUMENT => {
            return suite::hostile::attack_as_program(arguments);
        }
        Some(first) if first == suite::who::WITHOUT_ARGUMENT => {
            return suite::who::run_without(arguments);
        }
        _ => {}
    }
    let arguments = Arguments::from_args();
    suite::who::announce();
    let _copy = suite::who::make_reachable();
    let tests = TESTS.iter().copied().flatten().copied();
    let mut trials: Vec<_> = tests.flat_map(suite::who::trials).collect();
    trials.extend(suite::who::trials_on_other_machines());
    libtest_mimic::run(&arguments, trials).exit_code()
}
