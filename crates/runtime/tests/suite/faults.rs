//! Skills that overstep, and processes that die.

use std::time::Duration;

use mycelium_protocol::Event;
use mycelium_protocol::control::ProcessReport;
use mycelium_types::ErrorCode;
use mycelium_types::Limit;
use mycelium_types::SkillState;
use serde_json::json;

use super::world::LOOKS;
use super::world::World;

const HOSTILE: &str = "
let hoard = [];
module.exports = {
  spin() { while (true) {} },
  sleep() { return new Promise(done => setTimeout(done, 60000)) },
  swallow() { while (true) { try { while (true) {} } catch {} } },
  regex() { return /(a+)+$/.test('a'.repeat(40) + 'b') },
  bomb() { while (true) hoard.push(new Uint8Array(8 << 20).fill(1)) },
  deep() { const f = n => f(n + 1) + 1; return f(0) },
  print() { const line = 'x'.repeat(1 << 16); for (let i = 0; i < 16384; i++) console.log(line) },
  fine() { return 'fine' },
};";

fn hostile(world: &World) {
    world.skill(
        "hostile",
        json!({
            "exports": ["spin", "sleep", "swallow", "regex", "bomb", "deep", "print", "fine"],
            "limits": {"cpuSeconds": 1, "wallSeconds": 120, "memoryMB": 64, "outputMB": 1}
        }),
        HOSTILE,
    );
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_ends_the_call_with_its_code_and_the_next_call_works() {
    let world = World::new();
    hostile(&world);
    for (method, codes) in [
        ("spin", &[ErrorCode::CpuLimit][..]),
        ("swallow", &[ErrorCode::CpuLimit]),
        ("regex", &[ErrorCode::CpuLimit]),
        ("bomb", &[ErrorCode::MemoryLimit]),
        ("deep", &[ErrorCode::SkillExecutionError]),
        ("print", &[ErrorCode::OutputLimit]),
    ] {
        let code = world.code("hostile", method, json!([])).await;
        assert!(codes.contains(&code), "{method}: {code}");
        assert_eq!(
            world.value("hostile", "fine", json!([])).await,
            json!("fine"),
            "after {method}"
        );
    }
    world.skill(
        "sleeper",
        json!({"exports": ["sleep"], "limits": {"wallSeconds": 1}}),
        "exports.sleep = () => new Promise(done => setTimeout(done, 60000))",
    );
    assert_eq!(
        world.code("sleeper", "sleep", json!([])).await,
        ErrorCode::SkillTimeout
    );
    assert!(world.heard().iter().any(|event| matches!(
        event,
        Event::LimitReached {
            limit: Limit::CpuTime,
            value: 1,
            ..
        }
    )));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calls_own_time_limit_covers_its_hook_and_is_told_like_the_skills() {
    let world = World::new();
    world.skill(
        "slow",
        json!({"exports": ["call"], "limits": {"wallSeconds": 60}}),
        "module.exports = {
            onExecute({ args: [where] }) { if (where === 'hook') return new Promise(done => setTimeout(done, 60000)) },
            call(where) { if (where === 'call') return new Promise(done => setTimeout(done, 60000)); return 'fine' },
         }",
    );
    for place in ["hook", "call"] {
        let report = world
            .exec_within("shell", "slow", "call", json!([place]), Some(1))
            .await;
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::SkillTimeout, "{place}");
        assert_eq!(error.context["limit"], "1", "{place}");
        let told = |event: &Event| {
            matches!(
                event,
                Event::LimitReached {
                    limit: Limit::WallTime,
                    value: 1,
                    ..
                }
            )
        };
        assert!(world.heard().iter().any(told), "{place}");
        world
            .runtime
            .reset(
                &world.context("shell"),
                &"slow".parse().unwrap(),
                &world.events(),
            )
            .await
            .unwrap();
    }
    // A longer limit than the skill's own changes nothing.
    let report = world
        .exec_within("shell", "slow", "call", json!(["no"]), Some(86_400))
        .await;
    assert_eq!(report.outcome, Ok(json!("fine")));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_open_files_are_a_limit_with_its_value() {
    let world = World::new();
    world.skill(
        "hoarder",
        json!({"exports": ["open"], "limits": {"openFiles": 20}}),
        "const fs = require('fs');
         exports.open = count => {
            const files = [];
            try {
                for (let i = 0; i < count; i++) files.push(fs.openSync(__filename));
                return files.length;
            } finally {
                files.forEach(file => fs.closeSync(file));
            }
         }",
    );
    assert_eq!(world.value("hoarder", "open", json!([15])).await, json!(15));
    let report = world.exec("shell", "hoarder", "open", json!([200])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::FileLimit);
    assert_eq!(error.context["limit"], "20");
    assert_eq!(error.context["error_code"], "EMFILE");
    // The worker lives on.
    assert_eq!(world.value("hoarder", "open", json!([15])).await, json!(15));
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_worker_in_the_middle_of_a_call_is_a_coded_error_and_the_next_call_works() {
    let world = std::sync::Arc::new(World::new());
    hostile(&world);
    world.value("hostile", "fine", json!([])).await;
    let call = in_the_background(&world);
    let processes = executing(&world).await;
    kill(processes.instances[0].pid);
    assert_eq!(call.await.unwrap(), ErrorCode::WorkerCrashed);
    assert_eq!(
        world.value("hostile", "fine", json!([])).await,
        json!("fine")
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_launcher_ends_its_workers_and_the_next_call_works() {
    let world = std::sync::Arc::new(World::new());
    hostile(&world);
    world.value("hostile", "fine", json!([])).await;
    let call = in_the_background(&world);
    let processes = executing(&world).await;
    kill(processes.launcher.unwrap().pid);
    assert_eq!(call.await.unwrap(), ErrorCode::WorkerCrashed);
    assert_eq!(
        world.value("hostile", "fine", json!([])).await,
        json!("fine")
    );
    let after = world.runtime.processes().await.unwrap();
    assert_ne!(after.launcher.unwrap().pid, processes.launcher.unwrap().pid);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_ends_its_call() {
    let world = std::sync::Arc::new(World::new());
    hostile(&world);
    world.value("hostile", "fine", json!([])).await;
    let call = in_the_background(&world);
    executing(&world).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(
        world.value("hostile", "fine", json!([])).await,
        json!("fine")
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_shutdown() {
    let world = World::new();
    hostile(&world);
    world.value("hostile", "fine", json!([])).await;
    let processes = world.runtime.processes().await.unwrap();
    world.runtime.shutdown().await;
    let pids = processes
        .instances
        .iter()
        .map(|instance| instance.pid)
        .chain(processes.warm.iter().map(|worker| worker.pid))
        .chain(processes.launcher.map(|launcher| launcher.pid));
    for pid in pids {
        wait_until(|| !std::path::Path::new(&format!("/proc/{pid}")).exists()).await;
    }
}

fn in_the_background(world: &std::sync::Arc<World>) -> tokio::task::JoinHandle<ErrorCode> {
    let world = std::sync::Arc::clone(world);
    tokio::spawn(async move { world.code("hostile", "sleep", json!([])).await })
}

/// Waits until the call runs.
async fn executing(world: &World) -> ProcessReport {
    for _ in 0..LOOKS {
        let processes = world.runtime.processes().await.unwrap();
        let runs = |state| state == SkillState::Executing;
        if processes.instances.iter().any(|it| runs(it.state)) {
            return processes;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the call never ran");
}

async fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happened");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test ends its own processes as a person would"
)]
fn kill(pid: u32) {
    let status = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
