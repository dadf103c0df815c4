//! What a hostile skill does to the others, and what it leaves behind.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mycelium_types::ErrorCode;
use mycelium_types::ExitStatus;
use serde_json::json;

use super::native::cannot_run;
use super::native::speaking;
use super::native::speaking_as;
use super::world::LOOKS;
use super::world::World;

const HOSTILE: &str = include_str!("../hostile.js");

/// How often something is tried that a slow machine may prevent.
const TRIES: usize = 10;

/// Each kind of attack, and whether the code it ends with is one of a limit.
const LIMITS: [&str; 9] = [
    "spin", "bomb", "data", "tmp", "large", "open", "print", "chat", "give",
];

fn hostile(world: &World) {
    hostile_for(world, 2);
}

/// The same, with so much processor time for a call.
fn hostile_for(world: &World, cpu_seconds: u64) {
    let methods = [&LIMITS[..], &["leave", "fail", "look", "rest", "work"]].concat();
    world.skill(
        "hostile",
        json!({
            "exports": methods,
            "limits": {
                "cpuSeconds": cpu_seconds, "wallSeconds": 120, "memoryMB": 32, "openFiles": 16,
                "fileSizeMB": 1, "dataMB": 2, "tmpMB": 2, "outputMB": 1, "frameMB": 1,
                "logLinesPerSecond": 200,
            },
        }),
        HOSTILE,
    );
    world.skill(
        "victim",
        json!({"exports": ["greet"]}),
        "exports.greet = name => `Hello, ${name}!`;",
    );
    world.configure(&json!({"breaker": {"failureThreshold": 1000}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_leaves_another_skill_answering() {
    let world = Arc::new(World::new());
    hostile(&world);
    world.value("victim", "greet", json!(["you"])).await;
    for method in LIMITS {
        let attacked = Arc::clone(&world);
        let attack = tokio::spawn(async move {
            let report = attacked.exec("other", "hostile", method, json!([])).await;
            report.outcome.unwrap_err().code
        });
        let mut calls = 0;
        while calls < 20 || !attack.is_finished() {
            let answer = world.value("victim", "greet", json!(["you"])).await;
            assert_eq!(answer, json!("Hello, you!"), "under {method}");
            calls += 1;
        }
        let code = attack.await.unwrap();
        assert_eq!(code.exit_status(), ExitStatus::Limit, "{method}: {code}");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_many_processes_leaves_another_skill_answering() {
    let world = Arc::new(World::new());
    hostile(&world);
    let permission = json!({"type": "process", "commands": ["true"]});
    // Only who is to run out of time has little of it: what is started takes some until it is counted.
    for (name, cpu_seconds) in [("speaker", 10), ("burner", 1)] {
        let limits = json!({"processes": 16, "cpuSeconds": cpu_seconds, "wallSeconds": 120});
        let more = json!({"permissions": [permission], "limits": limits});
        speaking_as(&world, name, &more);
        world.trust(name).await;
    }
    world.value("victim", "greet", json!(["you"])).await;
    for (name, method, code) in [
        ("speaker", "explode", ErrorCode::ProcessLimit),
        ("speaker", "bomb", ErrorCode::ProcessLimit),
        ("burner", "burn", ErrorCode::CpuLimit),
    ] {
        let attacked = Arc::clone(&world);
        let attack = tokio::spawn(async move {
            let report = attacked.exec("shell", name, method, json!(["wait"])).await;
            report.outcome.unwrap_err().code
        });
        let mut calls = 0;
        while calls < 20 || !attack.is_finished() {
            let answer = world.value("victim", "greet", json!(["you"])).await;
            assert_eq!(answer, json!("Hello, you!"), "under {method}");
            calls += 1;
        }
        assert_eq!(attack.await.unwrap(), code, "{method}");
    }
    world.runtime.shutdown().await;
}

/// Whether one of the workers lets the others go first.
async fn is_one_behind(world: &World) -> bool {
    let processes = world.runtime.processes().await.unwrap();
    let mut instances = processes.instances.iter();
    instances.any(|instance| nice(instance.pid) == Some(10))
}

/// How many processors that one of the workers may use which lets the others go first.
async fn processors_behind(world: &World) -> Option<u32> {
    let processes = world.runtime.processes().await.unwrap();
    let mut instances = processes.instances.iter();
    let behind = instances.find(|instance| nice(instance.pid) == Some(10))?;
    let pid = rustix::process::Pid::from_raw(behind.pid.try_into().unwrap());
    Some(rustix::thread::sched_getaffinity(pid).ok()?.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_is_left_to_others_while_there_are_any() {
    let world = Arc::new(World::new());
    hostile_for(&world, 100);
    let all = rustix::thread::sched_getaffinity(None).unwrap().count();
    let computing = Arc::clone(&world);
    let attack =
        tokio::spawn(async move { computing.exec("other", "hostile", "spin", json!([])).await });
    // Nobody else is called: then it has them all.
    let mut seen = None;
    for _ in 0..LOOKS {
        seen = processors_behind(&world).await;
        if seen == Some(all) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(seen, Some(all));
    // It is looked at after a quarter of a second of its processor time at the latest.
    let rest = (all - 1).max(1);
    for _ in 0..LOOKS {
        world.value("victim", "greet", json!(["you"])).await;
        seen = processors_behind(&world).await;
        if seen == Some(rest) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(seen, Some(rest));
    for _ in 0..LOOKS {
        seen = processors_behind(&world).await;
        if seen == Some(all) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(seen, Some(all), "and has them back");
    attack.abort();
    let _ = attack.await;
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_short_calls_let_others_go_first() {
    let world = World::new();
    hostile(&world);
    let work = async || {
        let report = world.exec("other", "hostile", "work", json!([])).await;
        report.outcome.unwrap();
    };
    // What a start takes on a slow machine may be much already.
    let mut is_first = false;
    for _ in 0..TRIES {
        work().await;
        is_first = !is_one_behind(&world).await;
        if is_first {
            break;
        }
        world.runtime.end_session("other").await;
    }
    assert!(is_first, "one is short");
    let mut is_behind = false;
    for _ in 0..20 {
        // Without a look between them, which takes longer than the calls where much else is done.
        for _ in 0..50 {
            work().await;
        }
        is_behind = is_one_behind(&world).await;
        if is_behind {
            break;
        }
    }
    assert!(is_behind);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_whose_workers_keep_ending_lets_others_go_first() {
    let world = World::new();
    hostile(&world);
    let ends = async || {
        let report = world.exec("other", "hostile", "chat", json!([])).await;
        assert_eq!(report.outcome.unwrap_err().code, ErrorCode::LogLimit);
    };
    let starts_behind = async || {
        let report = world.exec("other", "hostile", "rest", json!([])).await;
        report.outcome.unwrap();
        is_one_behind(&world).await
    };
    // What a start takes on a slow machine may be much already.
    let mut is_first = false;
    for _ in 0..TRIES {
        world.reset("hostile").await;
        ends().await;
        is_first = !starts_behind().await;
        if is_first {
            break;
        }
        world.runtime.end_session("other").await;
    }
    assert!(is_first, "once is an accident");
    // A machine that has much else to do may take longer for a start than the skill has to be calm for.
    let mut is_behind = false;
    for _ in 0..TRIES {
        ends().await;
        is_behind = starts_behind().await;
        if is_behind {
            break;
        }
    }
    assert!(is_behind);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_lets_others_go_first() {
    let world = Arc::new(World::new());
    // Long enough to be looked at, however seldom this test has its turn.
    hostile_for(&world, 10);
    let attacked = Arc::clone(&world);
    let call = tokio::spawn(async move {
        let report = attacked.exec("other", "hostile", "spin", json!([])).await;
        report.outcome.unwrap_err().code
    });
    let mut behind = false;
    while !behind && !call.is_finished() {
        behind = is_one_behind(&world).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(behind, "it ended with {}", call.await.unwrap());
    assert_eq!(call.await.unwrap(), ErrorCode::CpuLimit);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_first_again_by_a_session_of_their_own() {
    let world = Arc::new(World::new());
    let permission = json!({"type": "process", "commands": ["true"]});
    let limits = json!({"processes": 16, "cpuSeconds": 10, "wallSeconds": 120});
    speaking(
        &world,
        &json!({"permissions": [permission], "limits": limits}),
    );
    world.trust("speaker").await;
    world.value("speaker", "echo", json!([])).await;
    let processes = world.runtime.processes().await.unwrap();
    let worker = processes.instances[0].pid;
    if group_priority(worker).is_none() {
        return cannot_run("this kernel makes no groups of sessions (sched_autogroup_enabled)");
    }
    let attacked = Arc::clone(&world);
    let call = tokio::spawn(async move {
        let report = attacked.exec("shell", "speaker", "flee", json!([])).await;
        report.outcome.unwrap_err().code
    });
    let mut is_caught = false;
    while !is_caught && !call.is_finished() {
        // Whoever fled has lost its parent, and is a child of the worker in a session of its own.
        let children = format!("/proc/{worker}/task/{worker}/children");
        let children = fs_err::read_to_string(children).unwrap_or_default();
        let mut children = (children.split_ascii_whitespace()).filter_map(|pid| pid.parse().ok());
        is_caught =
            children.any(|pid| session(pid) == Some(pid) && group_priority(pid) == Some(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(is_caught, "it ended with {}", call.await.unwrap());
    assert_eq!(call.await.unwrap(), ErrorCode::CpuLimit);
    world.runtime.shutdown().await;
}

/// What the kernel's group of a process's session has for a priority, where there are such groups.
fn group_priority(pid: u32) -> Option<i32> {
    let text = fs_err::read_to_string(format!("/proc/{pid}/autogroup")).ok()?;
    text.rsplit_once("nice ")?.1.trim().parse().ok()
}

/// The 6th field of all, as proc(5) counts.
fn session(pid: u32) -> Option<u32> {
    let text = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(3)?.parse().ok()
}

/// The 19th field of all, as proc(5) counts.
fn nice(pid: u32) -> Option<i32> {
    let text = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(16)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_calls_leave_nothing_behind() {
    let world = World::new();
    hostile(&world);
    // Without the ones that need a while until they reach their limit.
    let methods = [
        "bomb", "tmp", "large", "open", "print", "chat", "give", "leave", "fail", "look",
    ];
    for method in methods {
        world.code("hostile", method, json!([])).await;
    }
    let launcher = world
        .runtime
        .processes()
        .await
        .unwrap()
        .launcher
        .unwrap()
        .pid;
    let mut before = Traces::of(&world, launcher);
    // The instance of the last call, and the workers that wait for a skill, once they are all made again; and what is
    // written a little late.
    let failures = world.state().join("breakers.json");
    for _ in 0..LOOKS {
        if before.workers == 1 + WAITING && before.files.contains(&failures) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        before = Traces::of(&world, launcher);
    }
    for round in 0..SERIES {
        // Or each that ends its worker would be followed by a second of waiting.
        world.reset("hostile").await;
        let method = methods[round % methods.len()];
        world.code("hostile", method, json!([])).await;
        // What was printed is nothing that the runtime keeps.
        world.heard();
    }
    let processes = world.runtime.processes().await.unwrap();
    assert_eq!(processes.launcher.unwrap().pid, launcher);
    let mut after = Traces::of(&world, launcher);
    // The last worker may still be ending, and the next one being made.
    for _ in 0..LOOKS {
        if after == before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        after = Traces::of(&world, launcher);
    }
    assert_eq!(after, before);
    world.runtime.shutdown().await;
    assert_eq!(control_groups(launcher), 0);
}

/// Hostile calls in a row. What they leave of memory is measured by `cargo xtask bench`: tests share theirs.
const SERIES: usize = 1_000;

/// Workers that a runtime keeps ready for skills.
const WAITING: usize = 2;

/// Everything that could be left.
#[derive(Debug, PartialEq)]
struct Traces {
    workers: usize,
    control_groups: usize,
    mounts: [usize; 2],
    files: BTreeSet<PathBuf>,
}

impl Traces {
    fn of(world: &World, launcher: u32) -> Self {
        let lines = |path: String| fs_err::read_to_string(path).unwrap().lines().count();
        let children = format!("/proc/{launcher}/task/{launcher}/children");
        let children = fs_err::read_to_string(children).unwrap();
        let mut files = BTreeSet::new();
        collect(world.root(), 8, &mut files);
        Self {
            workers: children.split_ascii_whitespace().count(),
            control_groups: control_groups(launcher),
            mounts: [
                lines("/proc/self/mountinfo".to_owned()),
                lines(format!("/proc/{launcher}/mountinfo")),
            ],
            files,
        }
    }
}

/// The control groups of a launcher, wherever they are.
fn control_groups(launcher: u32) -> usize {
    let mut folders = BTreeSet::new();
    collect(Path::new("/sys/fs/cgroup"), 8, &mut folders);
    let prefix = format!("mycelium-{launcher}-");
    let ours = |path: &&PathBuf| {
        path.is_dir()
            && path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(&prefix))
    };
    folders.iter().filter(ours).count()
}

fn collect(folder: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs_err::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if depth > 0 && is_folder {
            collect(&path, depth - 1, found);
        }
        found.insert(path);
    }
}
