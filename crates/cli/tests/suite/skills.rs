//! `discover`, `list`, `search` and `info`.

use serde_json::json;

use crate::support::TestEnvironment;

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.skill_with(
        &json!({
            "name": "greeter",
            "version": "1.0.0",
            "description": "Greets people",
            "author": "Ada",
            "tags": ["greeting", "text"],
            "category": "social",
            "entrypoint": "index.js",
            "exports": ["greet"],
            "permissions": [{"type": "network", "hosts": ["api.example.com"]}],
        }),
        "module.exports = { greet(name) { return `Hello, ${name}`; }, onInit() {} };",
    );
    test.skill_with(
        &json!({
            "name": "counter",
            "version": "2.1.0",
            "description": "Counts",
            "tags": ["text"],
            "entrypoint": "index.js",
            "exports": ["count"],
            "deprecated": {"message": "too slow", "replacement": "greeter"},
        }),
        "module.exports = { count() {} };",
    );
    test.file(
        "skills/broken/skill.json",
        "{\n  \"name\": \"broken\",\n  \"version\": \"latest\"\n}\n",
    );
    test
}

#[test]
fn a_broken_skill_is_reported_beside_the_good_ones() {
    let test = environment();
    let found = test.run(&["discover"]).expect(0);
    let lines: Vec<_> = found.stdout.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "Discovering skills in configured paths...",
            "Found 9 skills:"
        ]
    );
    assert!(
        lines.contains(&"- counter (v2.1.0) - newly discovered"),
        "{found}"
    );
    assert!(
        lines.contains(&"- greeter (v1.0.0) - newly discovered"),
        "{found}"
    );
    assert!(lines.contains(&"Discovery completed in [TIME]"), "{found}");
    assert!(
        found
            .stderr
            .contains("skills/broken/skill.json:3:14: error:"),
        "{found}"
    );

    let again = test.run(&["discover"]).expect(0);
    assert!(
        again
            .stdout
            .contains("- greeter (v1.0.0) - Greets people\n"),
        "{again}"
    );
    let value = test.run(&["discover", "--json"]).expect(0).json();
    // Two of its own, and seven that are compiled in.
    assert_eq!(value["skills"].as_array().unwrap().len(), 9);
    assert!(!value["problems"].as_array().unwrap().is_empty());
    assert!(value["roots"].is_array() && value["candidates"].is_array());
}

#[test]
fn a_manifest_cannot_control_the_terminal() {
    let test = environment();
    let text = "\u{9b}31m\u{202e}forged";
    test.skill_with(
        &json!({
            "name": "evil",
            "version": "1.0.0",
            "description": text,
            "author": text,
            "entrypoint": text,
            "exports": [text],
        }),
        "",
    );
    for arguments in [
        &["discover", "--explain"][..],
        &["list"],
        &["info", "evil"],
        &["validate", "skills/evil"],
        &["discover", "--json"],
        &["validate", "skills/evil", "--json"],
    ] {
        let shown = test.run(arguments).to_string();
        assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{shown}");
    }
}

#[test]
fn folders_can_be_named_and_decisions_explained() {
    let test = environment();
    let explained = test.run(&["discover", "skills", "--explain"]).expect(0);
    assert!(
        explained
            .stdout
            .contains("Discovering skills in skills...\n"),
        "{explained}"
    );
    assert!(
        explained
            .stdout
            .contains("+ [ROOT]/project/skills/greeter: "),
        "{explained}"
    );
    assert!(
        explained
            .stdout
            .contains("- [ROOT]/project/skills/broken: "),
        "{explained}"
    );
}

#[test]
fn lists_and_searches() {
    let test = environment();
    let list = test.run(&["skills"]).expect(0);
    assert!(list.stdout.starts_with("NAME "), "{list}");
    assert!(
        list.stdout.contains("(deprecated: too slow) Counts"),
        "{list}"
    );
    let names = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["search", "--json"], arguments].concat();
        let value = test.run(&arguments).expect(0).json();
        let skills = value["skills"].as_array().unwrap();
        skills
            .iter()
            .map(|skill| skill["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&["--tag", "text", "--tag", "greeting"]), ["greeter"]);
    assert_eq!(names(&["--author", "ada"]), ["greeter"]);
    assert_eq!(names(&["--category", "social"]), ["greeter"]);
    assert_eq!(
        names(&["--min-version", "2.0.0", "--tag", "text"]),
        ["counter"]
    );
    assert_eq!(
        names(&["--max-version", "1.9.9", "--tag", "text"]),
        ["greeter"]
    );
    assert_eq!(names(&["greets", "people"]), ["greeter"]);
    assert_eq!(names(&["--name", "count"]), ["counter"]);
    assert_eq!(names(&["--tag", "text", "--limit", "1"]).len(), 1);
    let none = test.run(&["search", "--tag", "no-such-tag"]).expect(0);
    assert_eq!(none.stdout, "");
    assert!(
        none.stderr.contains("No skill meets these conditions."),
        "{none}"
    );
}

#[test]
fn all_about_a_skill() {
    let test = environment();
    insta::assert_snapshot!(test.run(&["info", "greeter"]).expect(0), @r"
    exit: 0
    --- stdout
    Skill: greeter (v1.0.0)
    Description: Greets people
    Author: Ada
    State: LOADED (not yet initialized)

    Dependencies: none

    Permissions:
      - network: requests to api.example.com
          medium risk: everything that it can read can be sent there
          not granted: network: requests to api.example.com; nobody has granted it (see `mycelium trust SKILL`)

    Exported Methods:
      - greet(name): string

    Lifecycle Hooks:
      - onInit: implemented
    --- stderr
    ");
    let deprecated = test.run(&["info", "counter"]).expect(0);
    assert!(
        deprecated
            .stdout
            .contains("Deprecated: too slow (use greeter instead)"),
        "{deprecated}"
    );
    let value = test.run(&["info", "greeter@^1", "--json"]).expect(0).json();
    assert_eq!(value["methods"][0]["name"], "greet");
    assert_eq!(value["author"]["name"], "Ada");
    let unknown = test.run(&["info", "greter"]).expect(4);
    assert!(
        unknown.stderr.contains("Did you mean `greeter`?"),
        "{unknown}"
    );
}

#[test]
fn skills_of_installed_plugins_are_found_and_explained_with_the_plugin() {
    let test = TestEnvironment::new();
    let plugin = test.root().join("plugins/tools");
    let manifest = |version: &str| {
        serde_json::json!({
            "name": "ruler", "version": version, "description": "Measures", "entrypoint": "index.js",
            "exports": ["measure"],
        })
    };
    let write = |folder: &std::path::Path, content: &serde_json::Value| {
        fs_err::create_dir_all(folder).unwrap();
        fs_err::write(folder.join("skill.json"), content.to_string()).unwrap();
        fs_err::write(folder.join("index.js"), "exports.measure = () => 1;").unwrap();
    };
    write(&plugin.join("skills/ruler"), &manifest("1.0.0"));
    let list = serde_json::json!({"version": 2, "plugins": {
        "tools@market": [{"scope": "user", "installPath": plugin, "version": "0.1.0"}],
    }});
    let folder = test.root().join("home/.claude/plugins");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join("installed_plugins.json"), list.to_string()).unwrap();
    let on = serde_json::json!({"enabledPlugins": {"tools@market": true}});
    fs_err::write(folder.join("../settings.json"), on.to_string()).unwrap();

    let explained = test.run(&["discover", "--explain"]).expect(0);
    let line = "+ [ROOT]/plugins/tools/skills/ruler: (plugin tools@market) it is ruler";
    assert!(explained.stdout.contains(line), "{explained}");
    let found = test.run(&["discover", "--json"]).expect(0).json();
    let candidates = found["candidates"].as_array().unwrap();
    assert!(
        candidates
            .iter()
            .any(|it| it["plugin"] == "tools@market" && it["taken"] == true),
        "{found}"
    );
    // What the project has comes first.
    write(&test.workspace().join("skills/ruler"), &manifest("1.0.0"));
    let hidden = test.run(&["discover"]).expect(0);
    assert!(hidden.stderr.contains("ruler"), "{hidden}");
    let info = test.run(&["info", "ruler", "--json"]).expect(0).json();
    let source = info["source"].to_string();
    assert!(source.contains("project/skills/ruler"), "{info}");
}
