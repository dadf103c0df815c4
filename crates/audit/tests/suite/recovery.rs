//! What a killed writer or somebody else left behind is noted, and the log goes on.

use fs_err as fs;
use mycelium_audit::Finding;

use super::scene::Scene;
use super::scene::call;
use super::scene::violation;

#[test]
fn a_torn_line_is_set_aside_and_noted() {
    let scene = Scene::new();
    scene.written(2);
    let last = scene.folder().numbers().unwrap().pop().unwrap();
    let path = scene.folder().file(last);
    let whole = fs::read(&path).unwrap();
    let torn = b"{\"sequence\":99,\"time\":\"20";
    fs::write(&path, [&whole[..], torn].concat()).unwrap();
    let verification = scene.verify();
    assert_eq!(
        (verification.problem, verification.unfinished),
        (None, torn.len() as u64)
    );

    scene.written(1);
    let entries = scene.entries();
    let noted = entries
        .iter()
        .find(|entry| entry.kind == "recovered")
        .unwrap();
    assert_eq!(noted.detail["bytes"], torn.len());
    let aside = noted.detail["set_aside"].as_str().unwrap();
    assert_eq!(fs::read(scene.folder().path().join(aside)).unwrap(), torn);
    assert_eq!(scene.verify().problem, None);
}

#[test]
fn a_log_that_was_cut_off_goes_on_behind_what_is_missing() {
    let scene = Scene::new();
    scene.written(3);
    let before = scene.verify().entries;
    let path = scene.folder().file(1);
    let text = fs::read_to_string(&path).unwrap();
    let kept: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&path, kept).unwrap();

    scene.written(1);
    let entries = scene.entries();
    assert_eq!(entries[2].kind, "damaged");
    assert_eq!(entries[2].sequence, before + 1);
    assert_eq!(entries[2].detail["expected"]["sequence"], before);
    let removed = Finding::Removed { found: before + 1 };
    assert_eq!(scene.problem(), Some((3, removed)));
    // It is noted once, and verification says so forever.
    scene.written(1);
    assert_eq!(scene.count("damaged"), 1);
    assert_eq!(scene.problem(), Some((3, removed)));
}

#[test]
fn a_changed_end_is_noted_by_the_next_writer() {
    let scene = Scene::new();
    scene.written(3);
    let path = scene.folder().file(1);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("m2", "m7")).unwrap();
    scene.written(1);
    assert_eq!(scene.count("damaged"), 1);
    assert_eq!(scene.problem().unwrap().1, Finding::Edited);
}

#[test]
fn a_log_that_is_gone_is_noted() {
    let scene = Scene::new();
    scene.written(3);
    let before = scene.verify().entries;
    fs::remove_file(scene.folder().file(1)).unwrap();
    scene.written(1);
    assert_eq!(scene.kinds()[..2], ["opened", "damaged"]);
    let removed = Finding::Removed { found: before + 1 };
    assert_eq!(scene.problem(), Some((1, removed)));
}

#[test]
fn a_head_record_that_is_gone_is_noted() {
    let scene = Scene::new();
    scene.written(3);
    fs::remove_file(scene.folder().head()).unwrap();
    scene.written(1);
    assert_eq!(scene.count("damaged"), 1);
    assert_eq!(scene.problem().unwrap().1, Finding::Noted);
}

#[test]
fn what_happens_to_the_file_of_a_running_writer_is_noted() {
    let scene = Scene::new();
    let log = scene.log();
    log.record(&call("one")).wait().unwrap();
    log.record(&violation()).wait().unwrap();
    fs::write(scene.folder().file(1), "").unwrap();
    log.record(&call("two")).wait().unwrap();
    fs::remove_file(scene.folder().file(1)).unwrap();
    log.record(&violation()).wait().unwrap();
    log.close();
    assert_eq!(scene.kinds()[..3], ["opened", "damaged", "violation"]);
    assert!(scene.problem().is_some());
}

#[test]
fn garbage_without_a_line_break_does_not_stop_the_log() {
    let scene = Scene::new();
    scene.written(2);
    let path = scene.folder().file(1);
    fs::write(&path, vec![b'x'; 3 << 20]).unwrap();
    scene.written(2);
    assert_eq!(scene.folder().numbers().unwrap(), [1, 2]);
    assert_eq!(scene.problem().unwrap().1, Finding::Malformed);
}
