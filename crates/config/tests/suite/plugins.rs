//! Plugins of Claude Code: which count where, and what is wrong with them.

use std::path::Path;

use mycelium_config::PluginRoots;
use mycelium_config::plugin_roots;
use serde_json::Value;
use serde_json::json;

struct Home(tempfile::TempDir);

impl Home {
    fn with(list: &Value) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.file(
            "home/.claude/plugins/installed_plugins.json",
            &list.to_string(),
        );
        home
    }

    fn file(&self, path: &str, content: &str) {
        let path = self.0.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }

    fn roots(&self) -> PluginRoots {
        let root = self.0.path();
        plugin_roots(&root.join("work"), &root.join("home"))
    }

    /// The folders found, without the test's own.
    fn shown(&self) -> Vec<String> {
        let relative = |path: &Path| path.strip_prefix(self.0.path()).unwrap().to_owned();
        let roots = self.roots().roots;
        let shown = roots
            .iter()
            .map(|root| format!("{}: {}", root.plugin, relative(&root.path).display()));
        shown.collect()
    }
}

fn list(home: &Path) -> Value {
    let at = |name: &str| home.join(name);
    json!({"version": 2, "plugins": {
        "tools@market": [
            {"scope": "project", "projectPath": home.join("other"), "installPath": at("old")},
            {"scope": "user", "installPath": at("tools"), "version": "1.0.0"},
        ],
        "own@market": [
            {"scope": "user", "installPath": at("tools")},
            {"scope": "local", "projectPath": home.join("work"), "installPath": at("own")},
        ],
        "elsewhere@market": [
            {"scope": "project", "projectPath": home.join("other"), "installPath": at("old")},
        ],
        "first-format@market": {"installPath": at("first")},
    }})
}

#[test]
fn a_workspaces_own_installation_counts_before_the_persons() {
    let home = Home::with(&json!({}));
    let root = home.0.path();
    home.file(
        "home/.claude/plugins/installed_plugins.json",
        &list(root).to_string(),
    );
    for folder in ["old", "tools", "own", "first"] {
        fs_err::create_dir_all(root.join(folder)).unwrap();
    }
    let manifest =
        json!({"name": "own", "skills": ["./more/", "./skills", "../out", "/etc", "./a/../.."]});
    home.file("own/.claude-plugin/plugin.json", &manifest.to_string());
    assert_eq!(
        home.shown(),
        [
            "first-format@market: first/skills",
            "own@market: own/skills",
            "own@market: own/more",
            "tools@market: tools/skills",
        ]
    );
    assert_eq!(home.roots().diagnostics, []);
    let off = json!({"enabledPlugins": {"tools@market": false, "own@market": true}});
    home.file("work/.claude/settings.json", &off.to_string());
    let off = json!({"enabledPlugins": {"first-format@market": false}});
    home.file("home/.claude/settings.json", &off.to_string());
    assert_eq!(
        home.shown(),
        ["own@market: own/skills", "own@market: own/more"]
    );
}

#[test]
fn what_is_wrong_is_told_and_hides_no_other_plugin() {
    let home = Home::with(&json!({}));
    assert_eq!(home.roots(), PluginRoots::default());
    let root = home.0.path();
    fs_err::create_dir_all(root.join("good")).unwrap();
    home.file("bad/.claude-plugin/plugin.json", "{");
    let list = json!({"plugins": {
        "bad@market": [{"installPath": root.join("bad")}],
        "gone@market": [{"installPath": root.join("gone")}],
        "good@market": [{"installPath": root.join("good")}],
        "relative@market": [{"installPath": "skills"}],
    }});
    home.file(
        "home/.claude/plugins/installed_plugins.json",
        &list.to_string(),
    );
    assert_eq!(
        home.shown(),
        ["bad@market: bad/skills", "good@market: good/skills"]
    );
    let remarks = home.roots().diagnostics;
    assert_eq!(remarks.len(), 3, "{remarks:?}");
    assert!(remarks.iter().any(|it| it.message.contains("gone@market")));
    for broken in ["[", "3", "{\"plugins\": 3}", &" ".repeat(2 << 20)] {
        home.file("home/.claude/plugins/installed_plugins.json", broken);
        assert_eq!(home.roots().roots, []);
        assert_eq!(home.roots().diagnostics.len(), 1);
    }
}
