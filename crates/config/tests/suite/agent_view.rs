//! Which agents find a skill by themselves.

use std::path::Path;
use std::path::PathBuf;

use mycelium_config::AgentPlaces;
use mycelium_config::AgentView;
use mycelium_config::ClaudePlaces;
use mycelium_config::ClaudeSettings;
use mycelium_config::ViewReason;
use mycelium_config::ViewingAgent;

struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn skill(&self, path: &str) -> PathBuf {
        self.folder(path, "SKILL.md")
    }

    fn folder(&self, path: &str, file: &str) -> PathBuf {
        let path = self.0.path().join(path);
        fs_err::create_dir_all(&path).unwrap();
        fs_err::write(path.join(file), "").unwrap();
        path
    }

    fn views(&self, folder: &Path, plugin: Option<&str>) -> [AgentView; 3] {
        let [managed, workspace, home] =
            ["etc", "work", "home"].map(|name| self.0.path().join(name));
        let places = AgentPlaces {
            home: &home,
            claude: ClaudePlaces {
                managed: &managed,
                workspace: &workspace,
                folder: &home.join(".claude"),
            },
            codex: &self.0.path().join("codex"),
        };
        let settings = ClaudeSettings::of_claude_code(&places.claude);
        ViewingAgent::ALL.map(|agent| AgentView::of(agent, folder, plugin, &settings, &places))
    }

    /// What Claude Code, Codex and the others say, and who sees it.
    fn told(&self, folder: &Path) -> [(bool, &'static str); 3] {
        self.views(folder, None)
            .map(|view| (view.sees, view.reason.as_str()))
    }
}

const FOUND: (bool, &str) = (true, "found");
const ELSEWHERE: (bool, &str) = (false, "elsewhere");

#[test]
fn each_agent_has_its_own_folders() {
    let scene = Scene::new();
    for (path, expected) in [
        ("work/.claude/skills/a", [FOUND, ELSEWHERE, FOUND]),
        ("work/.agents/skills/b", [ELSEWHERE, FOUND, FOUND]),
        ("work/skills/c", [ELSEWHERE; 3]),
        ("home/.claude/skills/d", [FOUND, ELSEWHERE, FOUND]),
        ("home/.agents/skills/x/e", [ELSEWHERE, FOUND, FOUND]),
        (
            "work/.claude/skills/a/f",
            [(false, "nested"), ELSEWHERE, FOUND],
        ),
        ("etc/.claude/skills/g", [FOUND, ELSEWHERE, ELSEWHERE]),
        ("work/.codex/skills/h", [ELSEWHERE, FOUND, (true, "client")]),
        ("codex/skills/deep/i", [ELSEWHERE, FOUND, ELSEWHERE]),
        (
            "home/.cursor/skills/x/i",
            [ELSEWHERE, ELSEWHERE, (true, "client")],
        ),
    ] {
        assert_eq!(scene.told(&scene.skill(path)), expected, "{path}");
    }
}

#[test]
fn only_a_folder_with_the_right_file_is_a_skill() {
    let scene = Scene::new();
    let lower = scene.folder("work/.claude/skills/lower", "skill.md");
    assert_eq!(scene.told(&lower), [(false, "lower-case"); 3]);
    let code = scene.folder("work/.claude/skills/code", "skill.json");
    assert_eq!(scene.told(&code), [(false, "no-skill-md"); 3]);
}

#[test]
fn links_are_seen_by_what_follows_them() {
    let scene = Scene::new();
    let target = scene.skill("elsewhere/x");
    for (root, expected) in [
        (
            "work/.claude/skills",
            [(true, "link"), ELSEWHERE, (true, "link")],
        ),
        ("work/.agents/skills", [ELSEWHERE, FOUND, (true, "link")]),
    ] {
        let root = scene.0.path().join(root);
        fs_err::create_dir_all(&root).unwrap();
        let link = root.join("x");
        fs_err::os::unix::fs::symlink(&target, &link).unwrap();
        assert_eq!(scene.told(&link), expected, "{}", root.display());
    }
}

#[test]
fn a_plugins_skill_bears_its_name() {
    let scene = Scene::new();
    let folder = scene.skill("plugin/skills/ruler");
    let [claude_code, codex, guide] = scene.views(&folder, Some("tools@market"));
    assert_eq!(claude_code.name.as_deref(), Some("tools:ruler"));
    assert_eq!(claude_code.reason, ViewReason::Found);
    assert_eq!([codex.reason, guide.reason], [ViewReason::Plugin; 2]);
}

#[test]
fn a_part_of_the_workspace_has_skills_of_its_own() {
    let scene = Scene::new();
    let folder = scene.skill("work/apps/web/.claude/skills/deploy");
    let [alone, codex, _] = scene.views(&folder, None);
    assert_eq!((alone.sees, alone.reason), (true, ViewReason::Subfolder));
    assert_eq!(alone.name, None);
    assert_eq!(codex.reason, ViewReason::Elsewhere);

    scene.skill("work/.claude/skills/deploy");
    let [named, ..] = scene.views(&folder, None);
    assert_eq!(named.name.as_deref(), Some("apps/web:deploy"));
    // Another project's are not the workspace's.
    let foreign = scene.skill("other/apps/.claude/skills/deploy");
    assert_eq!(scene.told(&foreign)[0], ELSEWHERE);
}

#[test]
fn each_agent_has_its_own_precedence() {
    let scene = Scene::new();
    let projects = scene.skill("work/.claude/skills/pdf");
    let persons = scene.skill("home/.claude/skills/pdf");
    let reasons = |folder: &Path| scene.views(folder, None).map(|view| view.reason);
    let [claude_code, codex, guide] = scene.views(&projects, None);
    assert_eq!(claude_code.reason, ViewReason::Shadowed);
    assert_eq!(claude_code.instead.as_deref(), Some(persons.as_path()));
    assert_eq!(codex.reason, ViewReason::Elsewhere);
    assert_eq!(guide.reason, ViewReason::Found);
    let [claude_code, _, guide] = scene.views(&persons, None);
    assert_eq!((claude_code.sees, claude_code.instead), (true, None));
    assert!(!guide.sees);
    assert_eq!(guide.instead.as_deref(), Some(projects.as_path()));

    let managed = scene.skill("etc/.claude/skills/pdf");
    for folder in [&projects, &persons] {
        let [claude_code, ..] = scene.views(folder, None);
        assert_eq!(claude_code.instead.as_deref(), Some(managed.as_path()));
    }
    // Codex takes all, and the guide leaves it open in one place.
    let own = scene.skill("work/.agents/skills/pdf");
    let common = scene.skill("home/.agents/skills/pdf");
    assert_eq!(
        reasons(&own),
        [ViewReason::Elsewhere, ViewReason::Found, ViewReason::Either]
    );
    assert_eq!(
        reasons(&common),
        [
            ViewReason::Elsewhere,
            ViewReason::Found,
            ViewReason::Shadowed
        ]
    );
    // A plugin's has a name of its own.
    let plugins = scene.skill("plugin/skills/pdf");
    assert!(scene.views(&plugins, Some("tools@market"))[0].sees);
}

#[test]
fn a_link_to_the_same_skill_is_no_other_one() {
    let scene = Scene::new();
    let projects = scene.skill("work/.claude/skills/pdf");
    let root = scene.0.path().join("home/.claude/skills");
    fs_err::create_dir_all(&root).unwrap();
    fs_err::os::unix::fs::symlink(&projects, root.join("pdf")).unwrap();
    assert_eq!(scene.told(&projects), [FOUND, ELSEWHERE, FOUND]);
}

#[test]
fn the_settings_of_claude_code_are_only_its_own() {
    let scene = Scene::new();
    let names = ["named", "own", "none"];
    let folders = names.map(|name| scene.skill(&format!("work/.claude/skills/{name}")));
    let settings = r#"{"skillOverrides":
        {"named": "name-only", "own": "user-invocable-only", "none": "off"}}"#;
    fs_err::write(scene.0.path().join("work/.claude/settings.json"), settings).unwrap();
    for (folder, claude_code) in folders.iter().zip([
        (true, "name-only"),
        (false, "user-invocable-only"),
        (false, "off"),
    ]) {
        assert_eq!(scene.told(folder), [claude_code, ELSEWHERE, FOUND]);
    }
    scene.skill("home/.claude/skills/none");
    let [off, ..] = scene.views(&folders[2], None);
    assert_eq!((off.reason, off.instead), (ViewReason::Off, None));
}
