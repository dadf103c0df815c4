//! What is written, and in which files.

use std::os::unix::fs::PermissionsExt as _;

use mycelium_audit::Level;

use super::scene::Scene;
use super::scene::call;
use super::scene::violation;

#[test]
fn entries_are_numbered_and_chained_over_files_and_restarts() {
    let scene = Scene::new();
    scene.written(20);
    scene.written(20);
    let entries = scene.entries();
    for (entry, number) in entries.iter().zip(1..) {
        assert_eq!(entry.sequence, number);
    }
    for pair in entries.windows(2) {
        assert_eq!(pair[1].previous, pair[0].hash);
    }
    assert_eq!(scene.count("call"), 40);
    let files = scene.folder().numbers().unwrap();
    assert!(files.len() > 3, "{files:?}");
    assert_eq!(scene.count("opened"), files.len());
    assert_eq!(scene.count("continued"), files.len() - 1);
    assert!(scene.count("checkpoint") > 5);
    let verification = scene.verify();
    assert_eq!(verification.problem, None);
    assert_eq!(verification.entries, entries.len() as u64);
    assert_eq!(verification.head, Some(verification.entries));
    assert_eq!(verification.files, files.len() as u64);
}

#[test]
fn nothing_is_made_before_there_is_something_to_record() {
    let scene = Scene::new();
    let log = scene.log();
    log.admit().unwrap();
    log.close();
    assert_eq!(fs_err::read_dir(scene.state()).unwrap().count(), 0);
    assert_eq!(scene.verify().problem, None);
}

#[test]
fn everything_is_its_owners_alone() {
    let scene = Scene::new();
    scene.written(30);
    let folder = scene.folder();
    let mode = |path: &std::path::Path| {
        let metadata = fs_err::metadata(path).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&folder.key()), 0o600);
    for file in fs_err::read_dir(folder.path()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn a_security_event_is_in_the_head_record_when_its_receipt_is_there() {
    let scene = Scene::new();
    let log = scene.log();
    for _ in 0..5 {
        log.record(&call("x")).wait().unwrap();
        let recorded = log.record(&violation()).wait().unwrap();
        assert_eq!(scene.verify().head, Some(recorded.sequence));
    }
    let last = scene.entries().pop().unwrap();
    assert_eq!(last.level, Level::Security);
    assert_eq!(last.detail["resolved"], "/etc/passwd");
}

#[test]
fn many_threads_get_many_numbers() {
    let scene = Scene::new();
    let log = scene.small();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for number in 0..100 {
                    let record = if number % 20 == 0 {
                        violation()
                    } else {
                        call("x")
                    };
                    log.record(&record).wait().unwrap();
                }
            });
        }
    });
    log.close();
    assert_eq!(scene.verify().problem, None);
    assert_eq!(scene.count("call") + scene.count("violation"), 800);
    assert!(log.record(&call("late")).wait().is_err());
}

#[test]
fn hostile_texts_are_escaped_bounded_and_verified() {
    let scene = Scene::new();
    let log = scene.log();
    for text in [
        "a\nb\r\u{1b}]0;x\u{7}\u{9b}\u{202e}\u{2028}\0".to_owned(),
        "\"},\"hash\":\"0\"}\n{\"sequence\":9}".to_owned(),
        "\u{1}".repeat(1 << 20),
        format!("-----BEGIN PRIVATE KEY-----{}", "A".repeat(1 << 16)),
    ] {
        let mut record = call(&text);
        record.subject.session = Some(text.clone());
        record.subject.workspace = Some(text);
        log.record(&record).wait().unwrap();
    }
    log.close();
    assert_eq!(scene.verify().problem, None);
    assert_eq!(scene.count("call"), 4);
    let text = fs_err::read_to_string(scene.folder().file(1)).unwrap();
    assert!(
        text.lines()
            .all(|line| line.len() < mycelium_audit::MAX_LINE)
    );
    assert!(!text.contains(|c| c != '\n' && mycelium_types::is_unprintable(c)));
    assert!(!text.contains("AAAA"));
}
