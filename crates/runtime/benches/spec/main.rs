//! Measures what the runtime and the program promise, beside floors and peers of the same run.
//!
//! Measures all of it, or the part named by the first argument. Prints one line of JSON for each thing measured; `cargo xtask bench` makes a table of them. The
//! variable `MYCELIUM_BENCH_PROGRAM` names the `mycelium` to measure.

mod agent;
mod agents;
mod audit;
mod calls;
mod daemon;
mod floors;
mod hostile;
mod mcp_bare;
mod mcp_peers;
mod packages;
mod peers;
mod report;
mod scene;
mod search;
mod socket;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::scene::Scene;

/// Measures one thing or some that belong together.
type Part = fn(&Scene) -> Outcome<()>;

/// The parts that need nothing but the scene, in the order in which they are measured.
const PARTS: [(&str, Part); 11] = [
    ("floors", |_| floors::measure()),
    ("calls", calls::measure),
    ("hostile", hostile::measure),
    ("audit", audit::measure),
    ("search", search::measure),
    ("node", peers::measure),
    ("daemon", daemon::measure),
    ("agents", agents::measure),
    ("mcp-bare", mcp_bare::measure),
    ("mcp-peers", mcp_peers::measure),
    ("hostile-program", hostile::measure_program),
];

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
    // `cargo bench` passes options of its own, which are no names of parts.
    let mut arguments = std::env::args().skip(1);
    let only = arguments.find(|argument| !argument.starts_with('-'));
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if is_wanted("resolve") {
        // What loads or runs packages needs their layer.
        if let Some(layer) = report::part("resolve", packages::resolve(&scene))? {
            report::part("load-npm", calls::measure_packages(&scene))?;
            report::part("node-npm", peers::packages(&scene, &layer))?;
        }
    }
    // A part that cannot be measured here, for want of a registry, of Node.js or of a C compiler, says so and leaves the
    // others alone.
    for (name, measure) in PARTS {
        if is_wanted(name) {
            report::part(name, measure(&scene))?;
        }
    }
    Ok(())
}
