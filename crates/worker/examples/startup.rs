//! Measures how long a worker takes to be ready, without a sandbox: `cargo run --release --example startup`.
//!
//! Beside the engine's start it loads a small skill, which must not bring in more of the builtins than it uses.
#![allow(clippy::print_stdout, reason = "this is a program for the terminal")]

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

const RUNS: usize = 200;

const SKILL: &str = "module.exports = {
  onInit() { console.log('Initializing...'); this.count = 0; },
  greet(name) { return `Hello, ${name}! (Greeting #${++this.count})`; },
};";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("index.js");
    fs_err::write(&file, SKILL)?;
    let mut starts = Vec::with_capacity(RUNS);
    let mut loads = Vec::with_capacity(RUNS);
    let mut calls = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let (start, load, call) = run(&file)?;
        starts.push(start);
        loads.push(load);
        calls.push(call);
    }
    show("engine started", starts);
    show("skill loaded and initialised", loads);
    show("one call", calls);
    Ok(())
}

fn run(file: &Path) -> Result<(Duration, Duration, Duration), Box<dyn std::error::Error>> {
    let failed = |failure: mycelium_protocol::worker::Failure| failure.message;
    let begin = Instant::now();
    let mut engine = Engine::new(EngineOptions::default()).map_err(failed)?;
    let started = begin.elapsed();
    let source = format!(
        "globalThis.skill = require({:?}); skill.onInit();",
        file.display().to_string()
    );
    engine.evaluate(&source, file).map_err(failed)?;
    let loaded = begin.elapsed();
    engine
        .evaluate("return skill.greet('Claude');", file)
        .map_err(failed)?;
    Ok((started, loaded - started, begin.elapsed() - loaded))
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{what}: p50 {:?}, p95 {:?}, p99 {:?} (n = {})",
        at(50),
        at(95),
        at(99),
        times.len()
    );
}
