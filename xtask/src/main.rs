//! The repository's own chores: tests, layering check, schemas, benchmarks.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore speaks to the person who runs it"
)]

mod attacks;
mod bench;
mod ci;
mod conformance;
mod error;
mod fuzz;
mod layers;
mod program;
mod schemas;
mod test;
mod tools;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::ChoreError;
use crate::schemas::Usage;
use crate::workspace::Workspace;

const USAGE: &str = "\
Usage: cargo xtask <CHORE>

  test [-- ARG…]       run all tests; what they need and you lack is fetched into the target folder.
                       ARGs go to `cargo test`
  check-layers         check who depends on whom, what is called how, and each crate's sentence
  schemas [--check]    write schemas/ from the types, or fail if they differ
  attacks [--check]    write docs/security/attack-matrix.md from attacks/, or fail if it differs
  fuzz [COUNT]         run the fuzz targets, 20,000 changes each unless COUNT says otherwise
  conformance          run the conformance suite of MCP against the server, and print what it says
  bench [--json FILE]  build for release, measure, and print one table
  ci                   everything a change must pass; what .ci/run calls
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => Workspace::find().and_then(|workspace| test::run(&workspace, &[])),
        ["test", "--", rest @ ..] => {
            Workspace::find().and_then(|workspace| test::run(&workspace, rest))
        }
        ["check-layers"] => Workspace::find().and_then(|workspace| layers::run(&workspace)),
        ["schemas"] => {
            Workspace::find().and_then(|workspace| schemas::run(&workspace, Usage::Write))
        }
        ["schemas", "--check"] => {
            Workspace::find().and_then(|workspace| schemas::run(&workspace, Usage::Check))
        }
        ["attacks"] => {
            Workspace::find().and_then(|workspace| attacks::run(&workspace, Usage::Write))
        }
        ["attacks", "--check"] => {
            Workspace::find().and_then(|workspace| attacks::run(&workspace, Usage::Check))
        }
        ["fuzz"] => Workspace::find().and_then(|workspace| fuzz::run(&workspace, fuzz::USUAL)),
        ["fuzz", count] if count.parse::<u32>().is_ok() => {
            let count = count.parse().unwrap_or(fuzz::USUAL);
            Workspace::find().and_then(|workspace| fuzz::run(&workspace, count))
        }
        ["conformance"] => Workspace::find().and_then(|workspace| {
            let suite = tools::conformance(&workspace)?;
            conformance::run(&workspace, &suite)
        }),
        ["bench"] => Workspace::find().and_then(|workspace| bench::run(&workspace, None)),
        ["bench", "--json", file] => Workspace::find()
            .and_then(|workspace| bench::run(&workspace, Some(PathBuf::from(file)))),
        ["ci"] => Workspace::find().and_then(|workspace| ci::run(&workspace)),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &ChoreError) {
    eprintln!("error: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  caused by: {cause}");
        source = cause.source();
    }
}
