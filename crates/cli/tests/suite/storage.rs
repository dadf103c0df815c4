//! State that cannot be kept: a full disk, a read-only folder.

use crate::support::Disk;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

const CODE: &str =
    "module.exports = { now() { return 'now'; }, fail() { throw new Error('no'); } };";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill("tool", &["now", "fail"], CODE);
    test
}

#[test]
fn a_full_disk_keeps_no_answer_and_loses_none_once_there_is_space() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let Some(disk) = Disk::small(&test.state_folder()) else {
        return;
    };
    let filling = disk.fill();
    for placement in ["-v", "--no-daemon"] {
        // What needs nothing kept works.
        let called = test.run(&["exec", "tool", "now", placement]).expect(0);
        assert!(called.stdout.starts_with("Result: \"now\""), "{called}");
        test.run(&["exec", "tool", "fail", placement]).expect(1);
        test.run(&["list", placement]).expect(0);
        let refused = test.run(&["trust", "--yes", placement]).expect(70);
        for text in [
            // An answer is put on record before it counts.
            "Error Code: AUDIT_UNAVAILABLE",
            "No space left on device",
            "Free some disk space",
        ] {
            assert!(refused.stderr.contains(text), "{text}: {refused}");
        }
    }
    let told = test.run(&["list", "--no-daemon"]).expect(0);
    assert!(told.stderr.contains("Nothing can be kept"), "{told}");

    fs_err::remove_file(filling).unwrap();
    let trusted = test.run(&["trust", "--yes", "--json"]).expect(0).json();
    assert_eq!(trusted["changed"], true);
    test.run(&["reset", "tool"]).expect(0);
    test.run(&["exec", "tool", "now"]).expect(0);
    test.run(&["daemon", "stop"]).expect(0);
    // Another daemon reads what was kept.
    let again = test.run(&["trust", "--yes", "--json"]).expect(0).json();
    assert_eq!(again["changed"], false);
    let told = test.run(&["list", "--no-daemon"]).expect(0);
    assert!(!told.stderr.contains("Nothing can be kept"), "{told}");
    test.run(&["daemon", "stop"]).expect(0);
    drop(disk);
}

#[test]
fn a_read_only_state_folder_is_told_with_a_way_that_works() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let Some(disk) = Disk::read_only(&test.state_folder()) else {
        return;
    };
    let refused = test.run(&["exec", "tool", "now"]).expect(70);
    for text in [
        "Error Code: DAEMON_UNAVAILABLE",
        "daemon.log",
        "Read-only file system",
        "--no-daemon",
    ] {
        assert!(refused.stderr.contains(text), "{text}: {refused}");
    }
    let called = test.run(&["exec", "tool", "now", "--no-daemon"]).expect(0);
    assert!(called.stdout.starts_with("Result: \"now\""), "{called}");
    assert!(
        called.stderr.contains("note: Nothing can be kept"),
        "{called}"
    );
    let json = test.run(&["exec", "tool", "now", "--no-daemon", "--json"]);
    assert_eq!(json.expect(0).json()["result"], "now");
    test.run(&["trust", "--yes", "--no-daemon"]).expect(70);
    drop(disk);
    test.run(&["exec", "tool", "now"]).expect(0);
}
