//! `.skill` packages: made, looked at, run, found.

use serde_json::json;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

/// A world with the package `writer.skill`, of a skill that asks for these permissions and that the workspace does not
/// have itself.
fn environment(permissions: &serde_json::Value) -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "writer",
            "version": "1.0.0",
            "description": "Writes",
            "entrypoint": "index.js",
            "exports": ["write", "count"],
            "permissions": permissions,
        }),
        "const fs = require('fs');
         let count = 0;
         module.exports = {
           write() { fs.writeFileSync('output/file', 'x'); return 'written'; },
           count() { return ++count; },
         };",
    );
    test.run(&["pack", "skills/writer"]).expect(0);
    let skill = test.workspace().join("skills/writer");
    fs_err::remove_dir_all(skill).unwrap();
    test
}

#[test]
fn packing_makes_the_same_file_each_time() {
    let test = TestEnvironment::new();
    test.skill("tool", &["go"], "module.exports = { go() {} };");
    let packed = test.run(&["pack", "skills/tool", "--json"]).expect(0);
    assert_eq!(packed.json()["skill"]["name"], "tool");
    let first = fs_err::read(test.workspace().join("tool.skill")).unwrap();
    let told = test
        .run(&["pack", "skills/tool", "-o", "skills/tool/other.skill"])
        .expect(0);
    assert!(told.stdout.contains("Packed tool@1.0.0 into"), "{told}");
    let second = fs_err::read(test.workspace().join("skills/tool/other.skill")).unwrap();
    assert_eq!(first, second);
    test.run(&["pack", "skills/nothing"]).expect(3);
    test.run(&["pack", "skills/tool", "-o", "no/such/folder.skill"])
        .expect(70);
}

#[test]
fn a_package_is_used_like_a_skill_and_trusted_by_content() {
    if !sandbox_holds() {
        return;
    }
    let output = json!({"type": "filesystem", "paths": ["./output"], "access": "write"});
    let test = environment(&json!([output]));
    let valid = test.run(&["validate", "writer.skill"]).expect(0);
    assert!(valid.stdout.contains("writer@1.0.0 is valid"), "{valid}");
    let info = test
        .run(&["info", "./writer.skill", "--json"])
        .expect(0)
        .json();
    assert_eq!(info["source"]["kind"], "package");
    // Nobody said so, not even by trusting the workspace: it was packed somewhere.
    test.run(&["trust", "--yes"]).expect(0);
    let refused = test.run(&["exec", "writer.skill", "write"]).expect(5);
    assert!(
        refused.stderr.contains("mycelium trust writer.skill"),
        "{refused}"
    );
    test.run(&["trust", "writer.skill", "--yes"]).expect(0);
    let written = test.run(&["-q", "exec", "writer.skill", "write"]).expect(0);
    assert_eq!(written.stdout, "\"written\"\n", "{written}");
    test.run(&["exec", "writer", "write"]).expect(4);
}

#[test]
fn a_package_and_a_skill_of_its_name_have_nothing_in_common() {
    if !sandbox_holds() {
        return;
    }
    let test = environment(&json!([]));
    let count = |skill: &str| {
        let outcome = test.run(&["-q", "exec", skill, "count"]).expect(0);
        outcome.stdout.trim().to_owned()
    };
    assert_eq!(count("writer.skill"), "1");
    assert_eq!(count("writer.skill"), "2");
    test.skill(
        "writer",
        &["count"],
        "module.exports = { count() { return 'mine'; } };",
    );
    assert_eq!(count("writer"), "\"mine\"");
    assert_eq!(count("writer.skill"), "3");
}

#[test]
fn packages_in_roots_are_discovered_and_hostile_ones_are_said_to_be() {
    if !sandbox_holds() {
        return;
    }
    let test = environment(&json!([]));
    let package = test.workspace().join("writer.skill");
    let place = test.workspace().join("skills/any-name.skill");
    fs_err::rename(package, place).unwrap();
    test.file("skills/hostile.skill", "PK");
    let found = test.run(&["discover"]).expect(0);
    assert!(found.stdout.contains("writer (v1.0.0)"), "{found}");
    assert!(found.stderr.contains("hostile.skill"), "{found}");
    assert!(found.stderr.contains("the package is refused"), "{found}");
    let counted = test.run(&["-q", "exec", "writer", "count"]).expect(0);
    assert_eq!(counted.stdout, "1\n");
    let hostile = test.run(&["info", "skills/hostile.skill"]).expect(3);
    assert!(hostile.stderr.contains("it is damaged"), "{hostile}");
    test.run(&["validate", "skills/hostile.skill"]).expect(3);
    test.run(&["info", "skills/missing.skill"]).expect(3);
}
