//! Skills that come with plugins of Claude Code.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use crate::support::Agent;
use crate::support::ClaudeCode;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

const PLUGIN: &str = "word-tools@mycelium-examples";

/// A copy of the example marketplace that a test may change.
fn marketplace(test: &TestEnvironment) -> PathBuf {
    let example = Path::new("../../examples/claude-plugins");
    let copy = test.root().join("market");
    copy_folder(example, &copy);
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        match from.is_dir() {
            true => copy_folder(&from, &to),
            false => drop(fs_err::copy(&from, &to).unwrap()),
        }
    }
}

/// Replaces a text in a file.
fn edit(file: &Path, old: &str, new: &str) {
    let text = fs_err::read_to_string(file).unwrap();
    assert!(text.contains(old), "{text}");
    fs_err::write(file, text.replace(old, new)).unwrap();
}

/// Writes what Claude Code writes when the plugin is installed from `folder`.
fn install(test: &TestEnvironment, folder: &Path) {
    let claude = test.root().join("home/.claude");
    fs_err::create_dir_all(claude.join("plugins")).unwrap();
    let list = json!({"version": 2, "plugins": {
        PLUGIN: [{"scope": "user", "installPath": folder}],
    }});
    let list = (claude.join("plugins/installed_plugins.json"), list);
    let on = json!({"enabledPlugins": {PLUGIN: true}});
    for (file, content) in [list, (claude.join("settings.json"), on)] {
        fs_err::write(file, content.to_string()).unwrap();
    }
}

fn count(test: &TestEnvironment) -> String {
    let text = r#"{"text": "to be or not to be"}"#;
    let counted = test.run(&["-q", "exec", "word-count", "count", "--args", text]);
    counted.expect(0).stdout
}

#[test]
fn an_update_is_followed_without_being_asked_for() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let first = marketplace(&test).join("word-tools");
    install(&test, &first);
    assert_eq!(count(&test), "6\n");
    let mut agent = Agent::greeted(&test);
    assert!(agent.tools().contains(&"word-count_count".to_owned()));

    // Claude Code puts another version beside the one before.
    let second = test.root().join("cache/1.1.0");
    copy_folder(&first, &second);
    let skill = second.join("more-skills/word-count");
    edit(&skill.join("skill.json"), "\"1.0.0\"", "\"1.1.0\"");
    edit(&skill.join("index.js"), ".length;", ".length + 100;");
    install(&test, &second);
    assert_eq!(count(&test), "106\n");
    let info = test.run(&["info", "word-count", "--json"]).expect(0).json();
    assert_eq!(info["version"], "1.1.0");
    let listed = test.run(&["list", "--json"]).expect(0).json().to_string();
    assert!(!listed.contains("market/word-tools"), "{listed}");

    // Switched off by the project, it is gone for the agent too.
    test.file(
        ".claude/settings.json",
        &json!({"enabledPlugins": {PLUGIN: false}}).to_string(),
    );
    assert!(!agent.tools().contains(&"word-count_count".to_owned()));
    test.run(&["info", "word-count"]).expect(4);
}

#[test]
fn options_of_the_plugin_are_settings_of_its_skills() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    install(&test, &marketplace(&test).join("word-tools"));
    let settings = test.root().join("home/.claude/settings.json");
    let with = |options: serde_json::Value| {
        json!({
            "enabledPlugins": {PLUGIN: true},
            "pluginConfigs": {PLUGIN: {"options": options}},
        })
        .to_string()
    };
    let fresh = || {
        test.run(&["unload", "--all"]).expect(0);
        count(&test)
    };
    assert_eq!(fresh(), "6\n");
    fs_err::write(&settings, with(json!({"shortest": 3, "unknown": true}))).unwrap();
    assert_eq!(fresh(), "1\n");
    // The configuration of Mycelium is above.
    test.run(&[
        "config",
        "set",
        "skills.word-count.shortest",
        "2",
        "--layer",
        "user",
    ])
    .expect(0);
    assert_eq!(fresh(), "6\n");
    // What the skill cannot have is told like any other setting.
    test.run(&[
        "config",
        "unset",
        "skills.word-count.shortest",
        "--layer",
        "user",
    ])
    .expect(0);
    fs_err::write(&settings, with(json!({"shortest": "many"}))).unwrap();
    test.run(&["unload", "--all"]).expect(0);
    let refused = test
        .run(&["exec", "word-count", "count", "text=a"])
        .expect(3);
    assert!(refused.stderr.contains("shortest"), "{refused}");
}

#[test]
fn what_claude_code_installs_and_updates_is_found() {
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let Some(claude_code) = ClaudeCode::of(&test) else {
        return;
    };
    let market = marketplace(&test);
    let plugin = market.join("word-tools");
    for path in [&market, &plugin] {
        let path = path.to_str().unwrap();
        claude_code
            .run(&["plugin", "validate", "--strict", path])
            .expect(0);
    }
    claude_code.install(&market, PLUGIN);
    assert_eq!(count(&test), "6\n");
    // It lies in a folder of this machine, and is read there.
    let skill = plugin.join("more-skills/word-count");
    edit(&skill.join("index.js"), ".length;", ".length + 100;");
    test.run(&["reload", "word-count"]).expect(0);
    assert_eq!(count(&test), "106\n");
    assert_eq!(
        claude_code.plugins()[0]["readFromFolder"],
        json!("[ROOT]/market/word-tools")
    );

    let manifest = plugin.join(".claude-plugin/plugin.json");
    edit(&manifest, "\"1.0.0\"", "\"1.1.0\"");
    edit(&skill.join("skill.json"), "\"1.0.0\"", "\"1.1.0\"");
    claude_code.run(&["plugin", "update", PLUGIN]).expect(0);
    let info = test.run(&["info", "word-count", "--json"]).expect(0).json();
    assert_eq!(info["version"], "1.1.0");
    claude_code.run(&["plugin", "disable", PLUGIN]).expect(0);
    test.run(&["info", "word-count"]).expect(4);
    claude_code.run(&["plugin", "enable", PLUGIN]).expect(0);
    test.run(&["info", "word-count"]).expect(0);
    claude_code.run(&["plugin", "uninstall", PLUGIN]).expect(0);
    test.run(&["info", "word-count"]).expect(4);
}
