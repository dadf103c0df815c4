//! What it costs to put something on record.

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use mycelium_audit::AuditEvent;
use mycelium_audit::AuditFolder;
use mycelium_audit::AuditLog;
use mycelium_audit::AuditSettings;
use mycelium_audit::Outcome as CallOutcome;
use mycelium_audit::Record;
use mycelium_audit::Subject;
use serde_json::json;

use crate::Outcome;
use crate::report;
use crate::scene::SIMPLE;
use crate::scene::Scene;

const ENTRIES: usize = 3_000;
const COMMITS: usize = 200;

/// Measures an entry of a call, with others putting refusals on disk meanwhile, and a refusal itself.
pub(crate) fn measure(scene: &Scene) -> Outcome<()> {
    let place = scene.place("audit");
    fs_err::create_dir_all(&place)?;
    floors(&place)?;

    let log = AuditLog::new(AuditSettings::new(AuditFolder::below(&place)));
    let (call, refusal) = (call()?, refusal()?);
    let commits = report::measure(COMMITS, || {
        log.record(&refusal).wait()?;
        Ok(())
    })?;
    report::times("audit-commit", &commits)?;

    let is_over = AtomicBool::new(false);
    let entries = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                if log.record(&refusal).wait().is_err() {
                    break;
                }
            }
        });
        let entries = entries_with_pauses(&log, &call);
        is_over.store(true, Ordering::Relaxed);
        entries
    })?;
    log.close();
    report::times("audit", &entries)
}

/// Calls do not follow each other without a pause, which is not part of what an entry costs.
fn entries_with_pauses(log: &AuditLog, call: &Record) -> Outcome<Vec<Duration>> {
    let mut times = Vec::with_capacity(ENTRIES);
    for _ in 0..ENTRIES {
        let start = Instant::now();
        log.record(call).wait()?;
        times.push(start.elapsed());
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(times)
}

/// As many bytes, without a chain and without a record.
fn floors(place: &std::path::Path) -> Outcome<()> {
    let line = [b'x'; 512];
    let mut file = File::create(place.join("floor"))?;
    let appended = report::measure(ENTRIES, || Ok(file.write_all(&line)?))?;
    report::times("append", &appended)?;
    let synced = report::measure(COMMITS, || {
        file.write_all(&line)?;
        Ok(file.sync_data()?)
    })?;
    report::times("fsync", &synced)
}

fn about(event: AuditEvent) -> Outcome<Record> {
    Ok(Record {
        subject: Subject {
            workspace: Some("/home/person/project".to_owned()),
            session: Some("shell".to_owned()),
            skill: Some(SIMPLE.parse()?),
            version: Some("1.0.0".parse()?),
            digest: Some(mycelium_types::Digest::of(b"bench")),
            correlation_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
        },
        event,
    })
}

fn call() -> Outcome<Record> {
    about(AuditEvent::Call {
        method: "greet".to_owned(),
        arguments: json!(["bench"]),
        outcome: CallOutcome::Done,
        attempts: 1,
        milliseconds: 0.1,
    })
}

fn refusal() -> Outcome<Record> {
    about(AuditEvent::Violation {
        call: "readFile".to_owned(),
        layer: "engine".to_owned(),
        operation: "read".to_owned(),
        attempted: "/etc/passwd".to_owned(),
        resolved: "/etc/passwd".to_owned(),
        allowed: vec!["./output".to_owned()],
        permission: None,
    })
}
