//! Several processes, and processes that are killed.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use mycelium_audit::AuditFolder;
use mycelium_audit::AuditLog;
use mycelium_audit::AuditSettings;

use super::scene::Scene;
use super::scene::call;
use super::scene::violation;

/// What makes this program a writer: the state folder, and how many entries each of its threads writes.
const STATE: &str = "AUDIT_TEST_STATE";
const ENTRIES: &str = "AUDIT_TEST_ENTRIES";
const THREADS: usize = 4;

/// Starts this program again as a writer that prints the number of each entry it was told is safe.
#[expect(
    clippy::disallowed_methods,
    reason = "the test is about other processes"
)]
fn writer(state: &Path, entries: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "suite::processes::is_a_writer_when_asked",
            "--nocapture",
        ])
        .env(STATE, state)
        .env(ENTRIES, entries.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how the test talks to itself")]
fn is_a_writer_when_asked() {
    let (Ok(state), Ok(entries)) = (std::env::var(STATE), std::env::var(ENTRIES)) else {
        return;
    };
    let entries: usize = entries.parse().unwrap();
    let log = AuditLog::new(AuditSettings {
        max_file: 50_000,
        checkpoint_every: 100,
        ..AuditSettings::new(AuditFolder::below(Path::new(&state)))
    });
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for number in 0..entries {
                    let record = match number % 40 {
                        0 => violation(),
                        _ => call("x"),
                    };
                    let recorded = log.record(&record).wait().unwrap();
                    // One write, so that lines of several threads do not mix.
                    let line = format!("safe {}\n", recorded.sequence);
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
    log.close();
}

/// The numbers a writer printed, at most so many.
fn printed(child: &mut Child, most: usize) -> Vec<u64> {
    let output = BufReader::new(child.stdout.take().unwrap());
    let numbers = output.lines().filter_map(|line| {
        let line = line.unwrap();
        line.strip_prefix("safe ")?.parse().ok()
    });
    numbers.take(most).collect()
}

#[test]
fn what_was_acknowledged_survives_the_death_of_its_writer() {
    let scene = Scene::new();
    for _ in 0..3 {
        let mut child = writer(scene.state(), 100_000);
        let safe = printed(&mut child, 1500);
        assert_eq!(safe.len(), 1500);
        child.kill().unwrap();
        child.wait().unwrap();
        let verification = scene.verify();
        assert_eq!(verification.problem, None);
        let last = *safe.iter().max().unwrap();
        assert!(
            verification.entries >= last,
            "{} < {last}",
            verification.entries
        );
    }
    // The next writer goes on.
    scene.written(1);
    assert_eq!(scene.verify().problem, None);
}

#[test]
fn two_processes_write_one_log() {
    let scene = Scene::new();
    let mut writers = [writer(scene.state(), 150), writer(scene.state(), 150)];
    let mut numbers = Vec::new();
    for child in &mut writers {
        numbers.extend(printed(child, usize::MAX));
        assert!(child.wait().unwrap().success());
    }
    let all = 2 * THREADS * 150;
    assert_eq!(numbers.len(), all);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all);
    let verification = scene.verify();
    assert_eq!(verification.problem, None);
    assert_eq!(verification.head, Some(verification.entries));
    assert_eq!(scene.count("call") + scene.count("violation"), all);
}
