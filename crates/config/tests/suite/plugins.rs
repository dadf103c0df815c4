//! Plugins of Claude Code: which count where, and what is wrong with them.

use std::path::Path;

use mycelium_config::ClaudePlaces;
use mycelium_config::ClaudeSettings;
use mycelium_config::PluginRoots;
use mycelium_config::SkillVisibility;
use mycelium_config::plugin_roots;
use mycelium_policy::WorkspaceTrust;
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
        let (managed, workspace) = (root.join("etc"), root.join("work"));
        let places = ClaudePlaces {
            managed: &managed,
            workspace: &workspace,
            folder: &root.join("home/.claude"),
        };
        plugin_roots(&places, &ClaudeSettings::of_claude_code(&places))
    }

    fn settings(&self) -> ClaudeSettings {
        let root = self.0.path();
        ClaudeSettings::of_claude_code(&ClaudePlaces {
            managed: &root.join("etc"),
            workspace: &root.join("work"),
            folder: &root.join("home/.claude"),
        })
    }

    /// Switches plugins on, for the person.
    fn enable(&self, plugins: &[&str]) {
        let on: serde_json::Map<_, _> = plugins
            .iter()
            .map(|plugin| ((*plugin).to_owned(), json!(true)))
            .collect();
        let settings = json!({"enabledPlugins": on});
        self.file("home/.claude/settings.json", &settings.to_string());
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
    // What nobody switches on does not count.
    assert_eq!(home.shown(), [""; 0]);
    home.enable(&[
        "tools@market",
        "own@market",
        "elsewhere@market",
        "first-format@market",
    ]);
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
    // The nearest file that says something of a plugin counts, and only `true` switches on.
    let project = json!({"enabledPlugins": {
        "tools@market": false, "own@market": true, "first-format@market": ["^1.0"],
    }});
    home.file("work/.claude/settings.json", &project.to_string());
    assert_eq!(
        home.shown(),
        ["own@market: own/skills", "own@market: own/more"]
    );
    let local = json!({"enabledPlugins": {"tools@market": true, "own@market": false}});
    home.file("work/.claude/settings.local.json", &local.to_string());
    assert_eq!(home.shown(), ["tools@market: tools/skills"]);
    let managed = json!({"enabledPlugins": {"tools@market": false}});
    home.file("etc/managed-settings.json", &managed.to_string());
    assert_eq!(home.shown(), [""; 0]);
    let later = json!({"enabledPlugins": {"tools@market": true}});
    home.file("etc/managed-settings.d/10-team.json", &later.to_string());
    assert_eq!(home.shown(), ["tools@market: tools/skills"]);
}

#[test]
fn a_marketplace_that_is_a_folder_is_read_where_it_lies() {
    let home = Home::with(&json!({}));
    let root = home.0.path();
    let at = |name: &str| root.join(name);
    let list = json!({"plugins": {
        "a@here": [{"installPath": at("copy-a")}],
        "b@here": [{"installPath": at("copy-b")}],
        "c@here": [{"installPath": at("copy-c")}],
        "d@away": [{"installPath": at("copy-d")}],
    }});
    home.file(
        "home/.claude/plugins/installed_plugins.json",
        &list.to_string(),
    );
    home.enable(&["a@here", "b@here", "c@here", "d@away"]);
    let marketplaces = json!({
        "here": {"source": {"source": "directory"}, "installLocation": at("here")},
        "away": {"source": {"source": "github"}, "installLocation": at("away")},
    });
    home.file(
        "home/.claude/plugins/known_marketplaces.json",
        &marketplaces.to_string(),
    );
    let here = json!({"metadata": {"pluginRoot": "./in"}, "plugins": [
        {"name": "a", "source": "./own/a", "skills": "./extra"},
        {"name": "b", "source": "b"},
        {"name": "c", "source": "./../outside"},
    ]});
    home.file("here/.claude-plugin/marketplace.json", &here.to_string());
    let away = json!({"plugins": [{"name": "d", "source": "./d", "skills": ["./one", "/etc"]}]});
    home.file("away/.claude-plugin/marketplace.json", &away.to_string());
    for folder in [
        "here/own/a",
        "here/in/b",
        "outside",
        "copy-c",
        "copy-d",
        "away/d",
    ] {
        fs_err::create_dir_all(at(folder)).unwrap();
    }
    assert_eq!(
        home.shown(),
        [
            "a@here: here/own/a/skills",
            "a@here: here/own/a/extra",
            "b@here: here/in/b/skills",
            "c@here: copy-c/skills",
            "d@away: copy-d/skills",
            "d@away: copy-d/one",
        ]
    );
    assert_eq!(home.roots().plugin_of(&at("copy-d/one/x")), Some("d@away"));
    assert_eq!(home.roots().plugin_of(&at("elsewhere")), None);
}

#[test]
fn skills_are_shown_as_the_nearest_settings_say() {
    let home = Home::with(&json!({}));
    let set = |file: &str, overrides: Value| {
        home.file(file, &json!({"skillOverrides": overrides}).to_string());
    };
    set(
        "home/.claude/settings.json",
        json!({"a": "off", "b": "name-only", "c": "user-invocable-only"}),
    );
    set(
        "work/.claude/settings.json",
        json!({"a": "on", "b": "loud", "d": 3}),
    );
    set("work/.claude/settings.local.json", json!({"c": "off"}));
    let settings = home.settings();
    let seen = |name: &str| settings.visibility(name, None);
    assert_eq!(
        ["a", "b", "c", "d"].map(seen),
        [
            SkillVisibility::On,
            SkillVisibility::NameOnly,
            SkillVisibility::Off,
            SkillVisibility::On,
        ]
    );
    let remarks = settings.diagnostics;
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert_eq!(remarks[0].field, "skillOverrides.b");

    // Of what plugins bring, only managed settings say anything.
    set(
        "home/.claude/settings.json",
        json!({"a": "off", "p:a": "off"}),
    );
    assert_eq!(
        home.settings().visibility("a", Some("p@m")),
        SkillVisibility::On
    );
    for key in ["a", "p:a"] {
        set("etc/managed-settings.json", json!({key: "off"}));
        let settings = home.settings();
        assert_eq!(settings.visibility("a", Some("p@m")), SkillVisibility::Off);
        assert_eq!(settings.visibility("b", Some("p@m")), SkillVisibility::On);
    }
    home.file("home/.claude/settings.json", "{\"a\": ");
    assert_eq!(home.settings().diagnostics.len(), 3);
}

#[test]
fn a_project_gives_no_options_to_plugins() {
    let home = Home::with(&json!({}));
    let set = |file: &str, options: Value| {
        let settings = json!({"pluginConfigs": {"p@m": {"options": options}}});
        home.file(file, &settings.to_string());
    };
    set("home/.claude/settings.json", json!({"a": 1, "b": 1}));
    set("work/.claude/settings.json", json!({"a": 2, "c": 2}));
    set("etc/managed-settings.json", json!({"b": 3}));
    let options = Value::Object(home.settings().plugin_options("p@m"));
    assert_eq!(options, json!({"a": 1, "b": 3}));
    assert_eq!(home.settings().plugin_options("q@m").len(), 0);
}

#[test]
fn what_is_wrong_is_told_and_hides_no_other_plugin() {
    let home = Home::with(&json!({}));
    assert_eq!(home.roots(), PluginRoots::default());
    let root = home.0.path();
    fs_err::create_dir_all(root.join("good")).unwrap();
    home.file("bad/.claude-plugin/plugin.json", "{");
    home.enable(&[
        "bad@market",
        "gone@market",
        "good@market",
        "relative@market",
    ]);
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

#[test]
fn what_is_denied_to_the_model_is_the_person_s_alone_whoever_denies_it() {
    let home = Home::with(&json!({}));
    let deny = |file: &str, rules: Value| {
        let text = json!({"permissions": {"deny": rules}, "skillOverrides": {"gone": "off"}});
        home.file(file, &text.to_string());
    };
    deny(
        "home/.claude/settings.json",
        json!([
            "Skill(one)",
            "Skill(two *)",
            "Skill(p:a)",
            "Skillful",
            "Bash(rm *)",
            3
        ]),
    );
    deny("work/.claude/settings.json", json!(["Skill(gone)"]));
    let seen = |name: &str, plugin| home.settings().visibility(name, plugin);
    for name in ["one", "two"] {
        assert_eq!(seen(name, None), SkillVisibility::UserInvocableOnly);
    }
    assert_eq!(seen("gone", None), SkillVisibility::Off);
    for name in ["a", "on", "Bash", ""] {
        assert_eq!(seen(name, None), SkillVisibility::On, "{name}");
    }
    assert_eq!(
        seen("a", Some("p@market")),
        SkillVisibility::UserInvocableOnly
    );
    assert_eq!(seen("one", Some("p@market")), SkillVisibility::On);
    deny("work/.claude/settings.json", json!(["Skill"]));
    assert_eq!(seen("on", None), SkillVisibility::UserInvocableOnly);
}

#[test]
fn the_settings_of_a_project_that_is_not_trusted_only_take_away() {
    let home = Home::with(&json!({}));
    let settings = |trust| {
        let root = home.0.path();
        let places = ClaudePlaces {
            managed: &root.join("etc"),
            workspace: &root.join("work"),
            folder: &root.join("home/.claude"),
        };
        ClaudeSettings::read(&places, trust)
    };
    let own = json!({
        "enabledPlugins": {"mine@market": true, "off@market": false},
        "skillOverrides": {"hidden": "off", "shown": "on"},
    });
    let project = json!({
        "enabledPlugins": {"mine@market": false, "off@market": true, "new@market": true},
        "skillOverrides": {"hidden": "on", "shown": "user-invocable-only", "other": "name-only"},
    });
    home.file("home/.claude/settings.json", &own.to_string());
    for file in ["settings.json", "settings.local.json"] {
        home.file(&format!("work/.claude/{file}"), &project.to_string());
        for (trust, plugins, seen) in [
            (
                WorkspaceTrust::Trusted,
                [false, true, true],
                [SkillVisibility::On, SkillVisibility::UserInvocableOnly],
            ),
            (
                WorkspaceTrust::Untrusted,
                [false; 3],
                [SkillVisibility::Off, SkillVisibility::UserInvocableOnly],
            ),
        ] {
            let settings = settings(trust);
            let is_on =
                ["mine", "off", "new"].map(|it| settings.is_plugin_on(&format!("{it}@market")));
            assert_eq!(is_on, plugins, "{trust:?}");
            let visible = ["hidden", "shown"].map(|name| settings.visibility(name, None));
            assert_eq!(visible, seen, "{trust:?}");
            assert_eq!(
                settings.visibility("other", None),
                SkillVisibility::NameOnly
            );
        }
    }
}
