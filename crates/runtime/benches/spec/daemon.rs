//! The program itself: a call from the shell, memory, and what it does when there is nothing to do.

use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::Outcome;
use crate::report;
use crate::scene::COPIES;
use crate::scene::SIMPLE;
use crate::scene::Scene;
use crate::scene::command;
use crate::scene::copy;

const CALLS: usize = 100;
/// How long nothing is done while processor time is measured.
const IDLE: Duration = Duration::from_secs(10);

/// Starts a daemon, measures it and ends it.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    let outcome = measure_running(scene);
    mycelium(scene, &["daemon", "stop"])?;
    outcome
}

fn measure_running(scene: &Scene) -> Outcome<()> {
    // The first starts the daemon.
    mycelium(scene, &["exec", SIMPLE, "greet", "bench"])?;
    let times = report::measure(CALLS, || {
        mycelium(scene, &["exec", SIMPLE, "greet", "bench"])?;
        Ok(())
    })?;
    report::times("exec", &times)?;

    mycelium(scene, &["unload", "--all"])?;
    for number in 0..COPIES {
        mycelium(scene, &["exec", &copy(number), "greet", "bench"])?;
    }
    let processes = processes(scene)?;
    let megabytes: Outcome<Vec<_>> = processes
        .iter()
        .map(|pid| proportional_megabytes(*pid))
        .collect();
    report::amount("memory", megabytes?.iter().sum())?;

    let before = processor_time(&processes)?;
    let start = Instant::now();
    std::thread::sleep(IDLE);
    let used = processor_time(&processes)?.saturating_sub(before);
    let percent = used.as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
    report::amount("idle-cpu", percent)
}

/// Runs the program in the workspace and returns what it says.
fn mycelium(scene: &Scene, args: &[&str]) -> Outcome<String> {
    let output = command(&scene.program)
        .args(args)
        .envs(scene.environment())
        .current_dir(scene.workspace())
        .stderr(Stdio::piped())
        .output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("mycelium {}: {}: {said}", args.join(" "), output.status).into())
}

/// Everything that runs: the daemon, its launcher, warm workers and those with a skill.
fn processes(scene: &Scene) -> Outcome<Vec<u32>> {
    let report: Value = serde_json::from_str(&mycelium(scene, &["ps", "--json"])?)?;
    let lists = ["warm", "instances"].map(|name| report[name].as_array());
    let single = [&report["daemon"], &report["launcher"]];
    let all = single
        .into_iter()
        .chain(lists.into_iter().flatten().flatten());
    let pids = all.filter_map(|process| u32::try_from(process["pid"].as_u64()?).ok());
    let pids: Vec<_> = pids.collect();
    if pids.len() < COPIES + 2 {
        return Err(format!("only {} processes run", pids.len()).into());
    }
    Ok(pids)
}

/// A process's memory, with its share of what it has in common with others.
pub(crate) fn proportional_megabytes(pid: u32) -> Outcome<f64> {
    let text = fs_err::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB"))
        .ok_or("smaps_rollup has no Pss")?;
    Ok(kilobytes.trim().parse::<f64>()? / 1024.0)
}

/// Processor time of all threads of these processes.
fn processor_time(pids: &[u32]) -> Outcome<Duration> {
    let mut nanoseconds = 0;
    for pid in pids {
        for task in fs_err::read_dir(format!("/proc/{pid}/task"))? {
            let text = fs_err::read_to_string(task?.path().join("schedstat"))?;
            let used = text.split(' ').next().ok_or("schedstat is empty")?;
            nanoseconds += used.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}
