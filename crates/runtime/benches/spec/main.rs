//! Measures what the runtime and the program promise, beside floors and peers of the same run.
//!
//! Prints one line of JSON for each thing measured; `cargo xtask bench` makes a table of them. The
//! variable `MYCELIUM_BENCH_PROGRAM` names the `mycelium` to measure.

mod audit;
mod calls;
mod daemon;
mod floors;
mod hostile;
mod packages;
mod peers;
mod report;
mod scene;
mod search;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::scene::Scene;

/// What can go wrong is only ever shown.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some(floors::ECHO_ARGUMENT) => floors::echo(),
        _ => measure(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The output may be gone; the status still tells.
            let _ = writeln!(std::io::stderr(), "spec: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the benchmark is told by the program that starts it"
    )]
    let program = std::env::var_os("MYCELIUM_BENCH_PROGRAM");
    let program = program.ok_or("run this by `cargo xtask bench`")?;
    let scene = Scene::new(PathBuf::from(program))?;
    // A part that cannot be measured here, for want of a registry or of Node.js, says so and leaves the
    // others alone.
    report::part("floors", floors::measure())?;
    report::part("calls", calls::measure(&scene))?;
    report::part("hostile", hostile::measure(&scene))?;
    report::part("audit", audit::measure(&scene))?;
    report::part("search", search::measure(&scene))?;
    let layer = report::part("resolve", packages::resolve(&scene))?;
    if let Some(layer) = &layer {
        report::part("load-npm", calls::measure_packages(&scene))?;
        report::part("node-npm", peers::packages(&scene, layer))?;
    }
    report::part("node", peers::measure(&scene))?;
    report::part("daemon", daemon::measure(&scene))?;
    Ok(())
}
