//! Skills that are programs of their own: compiled ones and scripts, good ones and bad ones.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use mycelium_protocol::ConsoleLevel;
use mycelium_protocol::Event;
use mycelium_types::ErrorCode;
use mycelium_types::Limit;
use mycelium_types::Locale;
use serde_json::Value;
use serde_json::json;

use super::world::LOOKS;
use super::world::World;

const SPEAKER: &[&str] = &[
    "echo",
    "hooks",
    "print",
    "fail",
    "crash",
    "garbage",
    "wrong",
    "form",
    "oversized",
    "hang",
    "spin",
    "flood",
    "fork",
    "bomb",
    "explode",
    "tree",
    "burn",
    "flee",
    "share",
    "daemon",
    "thread",
    "exec",
    "open",
    "connect",
    "mount",
    "create",
    "send",
    "chmod",
    "clock",
];

/// The program `speaker.c`, which needs nothing of the system to run.
fn speaker() -> Vec<u8> {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| {
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            let program = folder.path().join("speaker");
            compile("tests/programs/speaker.c", &program);
            fs_err::read(program).unwrap()
        })
        .clone()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test compiles its hostile program"
)]
pub(super) fn compile(source: impl AsRef<Path>, program: &Path) {
    let output = std::process::Command::new("cc")
        .args(["-O1", "-static", "-pthread", "-o"])
        .arg(program)
        .arg(source.as_ref())
        .output()
        .expect("a C compiler is needed, see CONTRIBUTING.md");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn speaking(world: &World, more: &Value) {
    speaking_as(world, "speaker", more);
}

pub(crate) fn speaking_as(world: &World, name: &str, more: &Value) {
    let mut manifest = json!({
        "engine": "native",
        "exports": SPEAKER,
        "limits": {"cpuSeconds": 1, "wallSeconds": 120, "outputMB": 1},
    });
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    world.program(name, manifest, "speaker", speaker());
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
}

pub(crate) fn script(world: &World, name: &str, exports: &[&str], text: &str) {
    let manifest = json!({"engine": "native", "protocol": "argv", "exports": exports});
    world.program(name, manifest, "run", text);
}

fn errno(result: &Value) -> i64 {
    result.as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_speaks_the_worker_protocol() {
    let world = World::new();
    speaking(&world, &json!({}));
    let args = json!(["a", 1, {"b": [true]}]);
    assert_eq!(world.value("speaker", "echo", args.clone()).await, args);
    assert_eq!(world.value("speaker", "hooks", json!([])).await, json!(2));
    let report = world.exec("shell", "speaker", "fail", json!([])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SkillExecutionError);
    assert_eq!(error.context["reason"], "no luck");
    // The same process all along.
    assert_eq!(world.value("speaker", "hooks", json!([])).await, json!(2));
    let processes = world.runtime.processes().await.unwrap();
    assert_eq!(processes.instances[0].engine, "native");
    let created = world.heard().into_iter().find_map(|event| match event {
        Event::SandboxCreated { layers, .. } => Some(layers),
        _ => None,
    });
    let layers = created.unwrap().join(", ");
    assert!(
        layers.contains("Landlock") && layers.contains("filter"),
        "{layers}"
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_prints_is_events_of_the_call() {
    let world = World::new();
    speaking(&world, &json!({}));
    world.value("speaker", "print", json!([])).await;
    let printed: Vec<_> = world.heard().into_iter().filter_map(console).collect();
    assert_eq!(
        printed,
        ["out", "err", "no end"].map(|text| (ConsoleLevel::Info, text.to_owned()))
    );
    world.runtime.shutdown().await;
}

fn console(event: Event) -> Option<(ConsoleLevel, String)> {
    match event {
        Event::Console { level, text, .. } => Some((level, text)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_misbehaves_is_a_coded_error_and_the_next_call_works() {
    let world = World::new();
    speaking(&world, &json!({}));
    for (method, code) in [
        ("crash", ErrorCode::WorkerCrashed),
        ("garbage", ErrorCode::WorkerCrashed),
        ("wrong", ErrorCode::WorkerCrashed),
        ("form", ErrorCode::WorkerCrashed),
        ("oversized", ErrorCode::FrameLimit),
        ("flood", ErrorCode::LogLimit),
        ("spin", ErrorCode::CpuLimit),
    ] {
        assert_eq!(
            world.code("speaker", method, json!([])).await,
            code,
            "{method}"
        );
        assert_eq!(
            world.value("speaker", "echo", json!([1])).await,
            json!([1]),
            "after {method}"
        );
    }
    speaking_as(&world, "slow", &json!({"limits": {"wallSeconds": 1}}));
    assert_eq!(
        world.code("slow", "hang", json!([])).await,
        ErrorCode::SkillTimeout
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_permission_a_program_has_threads_and_no_processes() {
    let world = World::new();
    speaking(&world, &json!({}));
    assert_eq!(world.value("speaker", "thread", json!([])).await, json!(0));
    assert_eq!(
        errno(&world.value("speaker", "fork", json!([])).await),
        EPERM
    );
    assert_eq!(errno(&world.value("speaker", "bomb", json!([])).await), 0);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_what_the_system_offers_and_nothing_of_the_person_s() {
    let world = World::new();
    speaking(&world, &json!({}));
    let secret = world.workspace().join("secret");
    fs_err::write(&secret, "treasure").unwrap();
    for (path, expected) in [
        ("/etc/passwd", 0),
        ("/bin/sh", 0),
        ("/dev/null", 0),
        ("/proc/self/status", 0),
        ("/etc/shadow", ENOENT),
        ("/root/.bashrc", ENOENT),
        (secret.to_str().unwrap(), ENOENT),
    ] {
        let result = world.value("speaker", "open", json!([path])).await;
        assert_eq!(errno(&result), expected, "{path}");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_permission_it_starts_the_named_programs_only_and_leaves_nothing_behind() {
    let world = World::new();
    let permission = json!({"type": "process", "commands": ["true"]});
    speaking(
        &world,
        &json!({"permissions": [permission], "limits": {"processes": 40}}),
    );
    assert_eq!(
        world.code("speaker", "fork", json!([])).await,
        ErrorCode::PermissionRequired
    );
    world.trust("speaker").await;
    assert_eq!(errno(&world.value("speaker", "fork", json!([])).await), 0);
    for (program, expected) in [
        ("/usr/bin/true", 0),
        ("/bin/true", 0),
        ("/usr/bin/id", EACCES),
        ("/bin/sh", EACCES),
        ("/nowhere", ENOENT),
    ] {
        let result = world.value("speaker", "exec", json!([program])).await;
        assert_eq!(errno(&result), expected, "{program}");
    }
    world.value("speaker", "daemon", json!([])).await;
    assert_eq!(world.value("speaker", "tree", json!([])).await, json!(0));
    let entrypoint = world.workspace().join("skills/speaker/speaker");
    assert!(running(&entrypoint).len() > 30);
    let processes = world.runtime.processes().await.unwrap();
    let usage = &processes.instances[0].usage;
    let started = usage.iter().find(|one| one.limit == Limit::Processes);
    let started = started.and_then(|one| one.used).unwrap();
    assert!((31.0..=40.0).contains(&started), "{started}");
    world
        .runtime
        .unload(
            &world.context("shell"),
            &"speaker".parse().unwrap(),
            &world.events(),
        )
        .await
        .unwrap();
    wait_until(|| running(&entrypoint).is_empty()).await;
    world.runtime.shutdown().await;
}

/// The code of a call that a limit ended; the limit, its value and its use are told.
async fn over(world: &World, skill: &str, method: &str, args: Value, limit: Limit) {
    let report = world.exec("shell", skill, method, args).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.limit(), Some(limit), "{method}: {error:?}");
    let help = error.remediation(Locale::EnUs);
    assert!(help.contains(&format!("limits.{limit}")), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_count_everything_that_a_program_started() {
    let world = World::new();
    let permission = json!({"type": "process", "commands": ["true"]});
    // Only who is to run out of time has little of it: what is started takes some until it is counted.
    for (name, cpu_seconds) in [("speaker", 10), ("burner", 1)] {
        let limits = json!({"processes": 8, "cpuSeconds": cpu_seconds, "wallSeconds": 120, "memoryMB": 64, "dataMB": 8});
        let more = json!({"permissions": [permission], "limits": limits});
        speaking_as(&world, name, &more);
        world.trust(name).await;
    }
    let entrypoint = |name: &str| world.workspace().join("skills").join(name).join("speaker");
    for method in ["bomb", "explode"] {
        over(&world, "speaker", method, json!([]), Limit::Processes).await;
        wait_until(|| running(&entrypoint("speaker")).is_empty()).await;
    }
    over(&world, "burner", "burn", json!(["wait"]), Limit::CpuTime).await;
    wait_until(|| running(&entrypoint("burner")).is_empty()).await;
    // What goes on after the answer counts as well.
    assert_eq!(world.value("burner", "burn", json!([])).await, json!(0));
    world.deserted().await;
    let told = |event: &Event| {
        matches!(
            event,
            Event::LimitReached {
                limit: Limit::CpuTime,
                ..
            }
        )
    };
    assert!(world.heard().iter().any(told));
    // A control group's kernel ends one of them, elsewhere all are ended.
    let shared = world
        .exec("shell", "speaker", "share", json!([40]))
        .await
        .outcome;
    match shared {
        Ok(signal) => assert_eq!(signal, json!(9)),
        Err(error) => {
            assert_eq!(error.code, ErrorCode::MemoryLimit, "{error:?}");
            // More than all may have, and no more than four have of their own and the first one besides.
            let used: f64 = error.context["used"].parse().unwrap();
            assert!((64.0..=4.0 * 40.0 + 16.0).contains(&used), "{used}");
        }
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_count_the_program_that_is_run_for_a_call() {
    let world = World::new();
    let script = r#"#!/bin/sh
case "$1" in
  spin) (while :; do :; done) & (while :; do :; done) & wait ;;
  fill)
    # Large pieces: the limit of data is to come well before that of time.
    piece=0123456789abcdef
    for _ in 1 2 3 4 5 6 7 8 9 10; do piece=$piece$piece; done
    n=0; while :; do n=$((n + 1)); echo "$piece" > "/mycelium/data/$n"; done ;;
  many) while :; do sleep 600 & done ;;
  fine) echo '"fine"' ;;
esac
"#;
    // Only who is to run out of time has little of it: what is started and written takes some until it is counted.
    for (name, cpu_seconds) in [("spinning", 1), ("counted", 10)] {
        let manifest = json!({
            "engine": "native", "protocol": "argv", "exports": ["spin", "fill", "many", "fine"],
            "permissions": [{"type": "process", "commands": ["sleep"]}],
            "limits": {"processes": 4, "cpuSeconds": cpu_seconds, "wallSeconds": 120, "dataMB": 4},
        });
        world.program(name, manifest, "run", script);
        world.trust(name).await;
    }
    world.configure(&json!({"breaker": {"failureThreshold": 100}}));
    for (name, method, limit) in [
        ("spinning", "spin", Limit::CpuTime),
        ("counted", "many", Limit::Processes),
        ("counted", "fill", Limit::Data),
    ] {
        over(&world, name, method, json!([]), limit).await;
        assert_eq!(world.value(name, "fine", json!([])).await, "fine");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_run_once_for_each_call() {
    let world = World::new();
    script(
        &world,
        "shell",
        &[
            "show", "count", "fail", "text", "nothing", "settings", "leak",
        ],
        r#"#!/bin/sh
case "$1" in
  show) shift; printf '['; for word; do printf '"%s",' "$word"; done; printf '0]' ;;
  count) echo x >> /tmp/count; while read -r line; do n=$((n + 1)); done < /tmp/count; echo "$n" ;;
  fail) echo first >&2; echo "it is no use" >&2; exit 3 ;;
  text) echo "two words" ;;
  nothing) ;;
  settings) echo "$MYCELIUM_SETTINGS" ;;
  leak) echo "$0 $#"; echo "$PWD"; ls /proc/self/fd ;;
esac
"#,
    );
    let show = world.value("shell", "show", json!(["a b", 7, null])).await;
    assert_eq!(show, json!(["a b", "7", "null", 0]));
    for count in 1..3 {
        assert_eq!(world.value("shell", "count", json!([])).await, json!(count));
    }
    assert_eq!(
        world.value("shell", "text", json!([])).await,
        json!("two words")
    );
    assert_eq!(
        world.value("shell", "nothing", json!([])).await,
        Value::Null
    );
    assert_eq!(world.value("shell", "settings", json!([])).await, json!({}));
    let report = world.exec("shell", "shell", "fail", json!([])).await;
    let error = report.outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::SkillExecutionError);
    assert_eq!(
        error.context["reason"],
        "it ended with status 3: it is no use"
    );
    let printed: Vec<_> = world.heard().into_iter().filter_map(console).collect();
    assert_eq!(
        printed,
        ["first", "it is no use"].map(|text| (ConsoleLevel::Error, text.to_owned()))
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_script_gets_objects_as_json_and_gives_them_back() {
    let world = World::new();
    if !Path::new("/usr/bin/python3").exists() {
        cannot_run("there is no /usr/bin/python3");
        return;
    }
    script(
        &world,
        "snake",
        &["sum", "memory", "spin", "child", "print"],
        r#"#!/usr/bin/env python3
import json, os, sys
method, *args = sys.argv[1:]
if method == "sum":
    print(json.dumps({"sum": sum(json.loads(args[0])["numbers"])}))
elif method == "memory":
    hoard = [bytearray(1 << 20) for _ in range(100000)]
elif method == "spin":
    while True: pass
elif method == "child":
    os.fork()
elif method == "print":
    while True: print("x" * 4096)
"#,
    );
    let limits = json!({"skills": {"snake": {"limits": {"cpuSeconds": 1, "wallSeconds": 120, "outputMB": 1, "memoryMB": 200}}},
        "breaker": {"failureThreshold": 100}});
    world.configure(&limits);
    let numbers = json!([{"numbers": [1, 2, 3]}]);
    for (method, code) in [
        ("memory", ErrorCode::SkillExecutionError),
        ("spin", ErrorCode::CpuLimit),
        ("child", ErrorCode::SkillExecutionError),
        ("print", ErrorCode::OutputLimit),
    ] {
        let report = world.exec("shell", "snake", method, json!([])).await;
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, code, "{method}: {error:?}");
        let sum = world.value("snake", "sum", numbers.clone()).await;
        assert_eq!(sum, json!({"sum": 6}), "after {method}");
    }
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_leaves_no_process_between_its_calls() {
    let world = World::new();
    let manifest = json!({
        "engine": "native", "protocol": "argv", "exports": ["start", "look"],
        "permissions": [{"type": "process", "commands": ["sleep"]}],
    });
    world.program(
        "leaver",
        manifest,
        "run",
        r#"#!/bin/sh
case "$1" in
  start) (sleep 600 & sleep 600 &) ; echo started ;;
  look) for p in /proc/[0-9]*; do read -r name < "$p/comm" && echo "$name"; done ;;
esac
"#,
    );
    world.trust("leaver").await;
    assert_eq!(
        world.value("leaver", "start", json!([])).await,
        json!("started")
    );
    // The shell itself is there, and what runs it is not to be seen.
    assert_eq!(world.value("leaver", "look", json!([])).await, json!("run"));
    script(
        &world,
        "slow",
        &["wait"],
        "#!/bin/sh\nwhile read -r line; do :; done < /proc/self/fd/1\n",
    );
    world.configure(&json!({"skills": {"slow": {"limits": {"wallSeconds": 1}}}}));
    assert_eq!(
        world.code("slow", "wait", json!([])).await,
        ErrorCode::SkillTimeout
    );
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_run_is_refused_before_it_is_tried() {
    let world = World::new();
    for (name, content, mode, part) in [
        ("plain", "no program", 0o755, "neither a program"),
        ("locked", "#!/bin/sh\n", 0o644, "not marked as executable"),
        (
            "strange",
            "#!/opt/nowhere/bin/x\n",
            0o755,
            "/opt/nowhere/bin/x",
        ),
    ] {
        use std::os::unix::fs::PermissionsExt;

        script(&world, name, &["run"], content);
        let folder = world.workspace().join("skills").join(name);
        let permissions = PermissionsExt::from_mode(mode);
        fs_err::set_permissions(folder.join("run"), permissions).unwrap();
        let report = world.exec("shell", name, "run", json!([])).await;
        let error = report.outcome.unwrap_err();
        assert_eq!(error.code, ErrorCode::ManifestInvalid, "{error:?}");
        assert!(error.context["reason"].contains(part), "{error:?}");
        let validation = world
            .runtime
            .validate(&world.context("shell"), &folder)
            .await
            .unwrap();
        assert!(!validation.is_valid());
    }
    script(&world, "fine", &["run"], "#!/bin/sh\n");
    let folder = world.workspace().join("skills/fine");
    let validation = world
        .runtime
        .validate(&world.context("shell"), &folder)
        .await;
    assert!(validation.unwrap().is_valid());
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_variant_of_this_platform_is_run() {
    let world = World::new();
    let manifest = json!({
        "protocol": "argv", "exports": ["which"],
        "variants": [
            {"os": ["windows"], "entrypoint": "run.exe"},
            {"os": ["linux"], "arch": [std::env::consts::ARCH], "entrypoint": "here.sh"},
        ],
    });
    world.program("various", manifest, "here.sh", "#!/bin/sh\necho here\n");
    assert_eq!(
        world.value("various", "which", json!([])).await,
        json!("here")
    );
    world.runtime.shutdown().await;
}

const EPERM: i64 = 1;
const ENOENT: i64 = 2;
const EACCES: i64 = 13;

/// The processes that were started as `program`.
fn running(program: &Path) -> Vec<String> {
    let is_it = |pid: &String| {
        fs_err::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.starts_with(program.as_os_str().as_encoded_bytes()))
    };
    fs_err::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(is_it)
        .collect()
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

#[expect(clippy::print_stderr, reason = "a test that cannot run says why")]
pub(super) fn cannot_run(reason: &str) {
    eprintln!("cannot run: {reason}");
    #[expect(clippy::disallowed_methods, reason = "the switch of the test run")]
    let required = std::env::var("MYCELIUM_TEST_REQUIRE");
    assert_ne!(required.as_deref(), Ok("all"), "{reason}");
}
