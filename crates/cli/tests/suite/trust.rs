//! `trust` and `revoke`.

use serde_json::json;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "writer",
            "version": "1.0.0",
            "description": "Writes",
            "entrypoint": "index.js",
            "exports": ["write"],
            "permissions": [{"type": "filesystem", "paths": ["./output"], "access": "write"}],
        }),
        "const fs = require('fs');
         module.exports = { write() { fs.writeFileSync('output/file', 'x'); return 'written'; } };",
    );
    test
}

#[test]
fn nobody_is_asked_where_nobody_answers() {
    let test = environment();
    let refused = test.run(&["trust"]).expect(2);
    assert!(refused.stderr.contains("add --yes"), "{refused}");
    test.run(&["trust", "writer"]).expect(2);
    test.run(&["trust", "--json"]).expect(2);
}

#[test]
fn a_trusted_workspace_grants_its_skills_its_paths() {
    if !sandbox_holds() {
        return;
    }
    let test = environment();
    let info = test.run(&["info", "writer"]).expect(0);
    assert!(
        info.stdout
            .contains("not granted: filesystem: write access to ./output"),
        "{info}"
    );
    let child = test
        .command(&["exec", "writer", "write"])
        .env("MYCELIUM_SESSION", "before")
        .spawn()
        .unwrap();
    let refused = test.outcome(child);
    assert_ne!(refused.status, 0, "{refused}");

    let trusted = test.run(&["trust", "--yes"]).expect(0);
    assert!(
        trusted
            .stdout
            .starts_with("Workspace [ROOT]/project is trusted\n"),
        "{trusted}"
    );
    let written = test.run(&["-q", "exec", "writer", "write"]).expect(0);
    assert_eq!(written.stdout, "\"written\"\n", "{written}");
    assert!(test.workspace().join("output/file").exists());
    let again = test.run(&["trust", "--yes", "--json"]).expect(0).json();
    assert_eq!(again["changed"], false);

    let revoked = test.run(&["revoke"]).expect(0);
    assert!(
        revoked
            .stdout
            .starts_with("Workspace [ROOT]/project is no longer trusted\n"),
        "{revoked}"
    );
}

#[test]
fn an_unknown_skill_cannot_be_trusted() {
    let test = environment();
    let unknown = test.run(&["trust", "writter", "--yes"]).expect(4);
    assert!(
        unknown.stderr.contains("Did you mean `writer`?"),
        "{unknown}"
    );
}

#[test]
fn a_refusal_for_good_is_kept_and_forgotten() {
    let test = environment();
    test.run(&["trust", "--never"]).expect(2);
    test.run(&["trust", "writer", "--never", "--yes"]).expect(2);
    let refused = test
        .run(&["trust", "writer", "--never", "--json"])
        .expect(0);
    assert_eq!(refused.json()["answer"], "refused");
    let info = test.run(&["info", "writer", "--json"]).expect(0).json();
    assert_eq!(info["answer"]["answer"], "refused");
    let call = test.run(&["exec", "writer", "write"]).expect(5);
    assert!(call.stderr.contains("PERMISSION_DENIED"), "{call}");
    assert!(call.stderr.contains("mycelium revoke writer"), "{call}");
    test.run(&["revoke", "writer"]).expect(0);
    let info = test.run(&["info", "writer", "--json"]).expect(0).json();
    assert!(info["answer"].is_null(), "{info}");
}

#[test]
fn what_is_granted_once_lasts_as_long_as_the_daemon() {
    let test = environment();
    test.run(&["trust", "--once"]).expect(2);
    test.run(&["trust", "writer", "--once", "--never"])
        .expect(2);
    let granted = test.run(&["trust", "writer", "--once"]).expect(0);
    assert!(
        granted.stdout.contains("until the daemon ends"),
        "{granted}"
    );
    let info = || test.run(&["info", "writer", "--json"]).expect(0).json();
    let shown = info();
    assert_eq!(shown["answer"]["answer"], "once");
    assert_eq!(shown["permissions"][0]["risk"], "medium");
    test.run(&["daemon", "stop"]).expect(0);
    assert!(info()["answer"].is_null());
}
