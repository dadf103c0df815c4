//! `demo`.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::support::TestEnvironment;
use crate::support::registry_answers;
use crate::support::sandbox_holds;

/// Held by a demo that runs: two that look for a free port at the same time find the same one.
static PORT: Mutex<()> = Mutex::new(());

#[test]
fn all_steps_do_what_they_should() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let port = PORT.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = test.run(&["demo", "--fast", "stage"]);
    drop(port);
    if !registry_answers(&outcome) {
        return;
    }
    let outcome = outcome.expect(0);
    assert!(
        outcome
            .stdout
            .contains("\nAll steps did what they should.\n"),
        "{outcome}"
    );
    assert!(
        outcome
            .stdout
            .contains("The folder is kept: [ROOT]/project/stage\n"),
        "{outcome}"
    );
    assert!(!outcome.stdout.contains("!!!"), "{outcome}");
    // It has had a daemon of its own, which is gone.
    assert!(test.daemon().is_none());
    assert!(
        !test
            .workspace()
            .join("stage/run/mycelium/daemon.sock")
            .exists()
    );
}

#[test]
fn without_the_registry_it_says_so_and_ends_with_that_status() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let port = PORT.lock().unwrap_or_else(PoisonError::into_inner);
    let child = test
        .command(&["demo", "--fast", "--json"])
        .env("npm_config_registry", "http://127.0.0.1:9/")
        .spawn()
        .unwrap();
    let outcome = test.outcome(child).expect(6);
    drop(port);
    assert!(
        outcome
            .stderr
            .contains("Error Code: DEPENDENCY_UNAVAILABLE"),
        "{outcome}"
    );
    let value = outcome.json();
    assert_eq!(value["good"], false);
    assert!(value["folder"].is_null());
    assert_eq!(value["steps"].as_array().unwrap().len(), 5);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let test = TestEnvironment::new();
    test.file("stage/mine", "");
    let refused = test.run(&["demo", "stage"]).expect(2);
    assert!(refused.stderr.contains("is not empty"), "{refused}");
}
