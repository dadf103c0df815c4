//! A log that cannot be written.

use fs_err as fs;
use mycelium_audit::AuditError;

use super::scene::Scene;
use super::scene::call;
use super::scene::violation;

/// A log whose first file is on a full disk.
fn full() -> Scene {
    let scene = Scene::new();
    fs::create_dir(scene.folder().path()).unwrap();
    fs_err::os::unix::fs::symlink("/dev/full", scene.folder().file(1)).unwrap();
    scene
}

#[test]
fn on_a_full_disk_nothing_begins_once_a_security_event_waits_and_nothing_is_lost() {
    let scene = full();
    let log = scene.log();
    assert!(log.record(&call("one")).wait().is_err());
    // An ordinary entry waits; operations go on.
    log.admit().unwrap();
    let refused = log.record(&violation()).wait().unwrap_err();
    assert!(refused.to_string().contains("No space left"), "{refused}");
    assert!(matches!(log.admit(), Err(AuditError::File(_))));

    fs::remove_file(scene.folder().file(1)).unwrap();
    log.record(&call("two")).wait().unwrap();
    log.admit().unwrap();
    log.close();
    assert_eq!(scene.count("call"), 2);
    assert_eq!(scene.count("violation"), 1);
    assert_eq!(scene.verify().unfinished, 0);
}

#[test]
fn what_waits_is_bounded_and_what_is_lost_is_counted() {
    let scene = full();
    let log = scene.log();
    let receipts: Vec<_> = (0..1000).map(|_| log.record(&call("x"))).collect();
    for receipt in receipts {
        assert!(receipt.wait().is_err());
    }
    assert!(log.admit().is_err());
    let receipts: Vec<_> = (0..5000).map(|_| log.record(&call("x"))).collect();
    let lost = receipts
        .into_iter()
        .map(|receipt| receipt.wait().unwrap_err())
        .filter(|error| matches!(error, AuditError::Overflow(_)))
        .count();
    assert!(lost > 0);
    fs::remove_file(scene.folder().file(1)).unwrap();
    log.record(&call("y")).wait().ok();
    log.close();
    let entries = scene.entries();
    let noted: u64 = entries
        .iter()
        .filter(|entry| entry.kind == "lost")
        .map(|entry| entry.detail["entries"].as_u64().unwrap())
        .sum();
    let calls = scene.count("call") as u64;
    assert_eq!(calls + noted, 6001);
}

#[test]
fn a_key_that_others_can_read_signs_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let scene = Scene::new();
    scene.written(1);
    let key = scene.folder().key();
    fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let log = scene.log();
    let error = log.record(&violation()).wait().unwrap_err();
    assert!(matches!(error, AuditError::KeyExposed(_)));
    fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    log.record(&violation()).wait().unwrap();
    assert_eq!(scene.count("violation"), 2);
}
