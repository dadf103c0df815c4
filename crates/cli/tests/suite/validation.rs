//! `validate`.

use serde_json::json;

use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

#[test]
fn a_good_skill() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill(
        "tool",
        &["count"],
        "module.exports = { count() { return 1; } };",
    );
    let good = test.run(&["skill", "validate", "skills/tool"]).expect(0);
    assert_eq!(good.stdout, "tool@1.0.0 is valid\n", "{good}");
    let value = test
        .run(&["validate", "skills/tool", "--json"])
        .expect(0)
        .json();
    assert_eq!(value["valid"], true);
    assert_eq!(value["manifest"]["name"], "tool");
}

#[test]
fn all_problems_of_a_manifest_at_once() {
    let test = TestEnvironment::new();
    test.file(
        "skills/bad/skill.json",
        "{\n  \"name\": \"../bad\",\n  \"version\": \"latest\",\n  \"exports\": []\n}\n",
    );
    let bad = test.run(&["validate", "skills/bad"]).expect(3);
    for place in [
        "skill.json:2:",
        "skill.json:3:",
        "`description`",
        "`entrypoint`",
    ] {
        assert!(bad.stdout.contains(place), "{place}: {bad}");
    }
    let value = test
        .run(&["validate", "skills/bad", "--json"])
        .expect(3)
        .json();
    assert_eq!(value["valid"], false);
    assert!(value["diagnostics"].as_array().unwrap().len() >= 4);
}

#[test]
fn code_is_checked_without_being_called() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill("syntax", &["go"], "module.exports = { go( };");
    test.skill("missing", &["go", "stop"], "module.exports = { go() {} };");
    for skill in ["syntax", "missing"] {
        let folder = format!("skills/{skill}");
        let bad = test.run(&["validate", &folder]).expect(3);
        assert!(bad.stdout.contains("error: "), "{bad}");
    }
    let nowhere = test.run(&["validate", "skills/nowhere"]).expect(3);
    assert!(nowhere.to_string().contains("skills/nowhere"), "{nowhere}");
}

#[test]
fn strictness_makes_warnings_errors() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "odd",
            "version": "1.0.0",
            "description": "Has a field nobody knows",
            "entrypoint": "index.js",
            "exports": ["go"],
            "permisions": [],
        }),
        "module.exports = { go() {} };",
    );
    let loose = test.run(&["validate", "skills/odd"]).expect(0);
    assert!(loose.stdout.contains("permissions"), "{loose}");
    assert!(
        loose.stdout.contains("odd@1.0.0 is valid (1 warning)"),
        "{loose}"
    );
    test.run(&["validate", "skills/odd", "--strict"]).expect(3);
}
