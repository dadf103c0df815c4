//! All tests, each run with the rights of root and of an ordinary user where both can be had.

mod basics;
mod fixture;
mod hostile;
mod who;

use libtest_mimic::Trial;

pub(crate) use hostile::worker_main;

/// A test's name and its function, which panics if the test fails.
type Test = (&'static str, fn());

const TESTS: &[&[Test]] = &[basics::TESTS];

pub(crate) fn trials() -> Vec<Trial> {
    let tests = TESTS.iter().copied().flatten().copied();
    tests.flat_map(who::trials).collect()
}
