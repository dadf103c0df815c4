//! Which agents find a skill by themselves, under what name, and why others do not.
//!
//! The rules are Claude Code's (<https://code.claude.com/docs/en/skills>), Codex's (`codex-rs/core-skills`), and for all
//! others those of the guide for clients of Agent Skills (<https://agentskills.io>).

use std::borrow::Cow;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::AgentSkill;
use mycelium_types::printable_path;
use serde::Serialize;

use crate::claude::ClaudePlaces;
use crate::claude::ClaudeSettings;
use crate::claude::SkillVisibility;

/// How deep below a folder of skills Codex looks, and agents that follow the guide.
const DEEPEST: usize = 6;
/// The folder of skills that the administrator gives Codex.
const CODEX_MANAGED: &str = "/etc/codex/skills";

/// What one kind of agent makes of a skill's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentView {
    /// Whose rules.
    pub agent: ViewingAgent,
    /// Whether it finds the skill.
    pub sees: bool,
    /// Why, or why not.
    pub reason: ViewReason,
    /// What it calls the skill, if not just by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An agent's rules for finding skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewingAgent {
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
    /// Those that follow the guide for clients of Agent Skills.
    Guide,
}

/// Why an agent finds a skill or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewReason {
    /// It lies in a folder that the agent searches.
    Found,
    /// It does and is a link, which not all versions of the agent follow.
    Link,
    /// It lies in a folder of skills of a part of the workspace, which the agent searches once it works there.
    Subfolder,
    /// It lies in the folder of one agent, which no other searches.
    Client,
    /// It has no `SKILL.md`.
    NoSkillMd,
    /// Its file is called `skill.md`.
    LowerCase,
    /// The agent does not search where it lies.
    Elsewhere,
    /// It lies too deep below a folder that the agent searches.
    Nested,
    /// Plugins are Claude Code's.
    Plugin,
    /// The agent's settings show its name without its description.
    NameOnly,
    /// The agent's settings keep it for the person.
    UserInvocableOnly,
    /// The agent's settings switch it off.
    Off,
}

impl AgentView {
    /// What `agent` makes of the skill in `folder`, which belongs to a `plugin` (as `name@marketplace`) or not.
    #[must_use]
    pub fn of(
        agent: ViewingAgent,
        folder: &Path,
        plugin: Option<&str>,
        settings: &ClaudeSettings,
        places: &ClaudePlaces<'_>,
    ) -> Self {
        let view = match (described(folder), plugin) {
            (Some(reason), _) => Self::new(agent, reason),
            (None, None) => agent.look(folder, places),
            (None, Some(plugin)) => agent.look_at_plugin(folder, plugin),
        };
        match agent {
            // It calls skills by their folders' names.
            ViewingAgent::ClaudeCode => view.set(settings.visibility(&name_of(folder), plugin)),
            ViewingAgent::Codex | ViewingAgent::Guide => view,
        }
    }

    fn new(agent: ViewingAgent, reason: ViewReason) -> Self {
        Self {
            agent,
            sees: reason.is_sight(),
            reason,
            name: None,
        }
    }

    /// What the settings of Claude Code make of it.
    fn set(self, visibility: SkillVisibility) -> Self {
        let reason = match (visibility, self.reason) {
            (SkillVisibility::NameOnly, ViewReason::Found | ViewReason::Link) => {
                ViewReason::NameOnly
            }
            (SkillVisibility::On | SkillVisibility::NameOnly, reason) => reason,
            (_, reason) if !reason.is_sight() => reason,
            (SkillVisibility::UserInvocableOnly, _) => ViewReason::UserInvocableOnly,
            (SkillVisibility::Off, _) => ViewReason::Off,
        };
        Self {
            sees: reason.is_sight(),
            reason,
            ..self
        }
    }
}

impl ViewReason {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Link => "link",
            Self::Subfolder => "subfolder",
            Self::Client => "client",
            Self::NoSkillMd => "no-skill-md",
            Self::LowerCase => "lower-case",
            Self::Elsewhere => "elsewhere",
            Self::Nested => "nested",
            Self::Plugin => "plugin",
            Self::NameOnly => "name-only",
            Self::UserInvocableOnly => "user-invocable-only",
            Self::Off => "off",
        }
    }

    /// Whether it is a reason for seeing the skill.
    fn is_sight(self) -> bool {
        match self {
            Self::Found | Self::Link | Self::Subfolder | Self::Client | Self::NameOnly => true,
            Self::NoSkillMd
            | Self::LowerCase
            | Self::Elsewhere
            | Self::Nested
            | Self::Plugin
            | Self::UserInvocableOnly
            | Self::Off => false,
        }
    }
}

impl ViewingAgent {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ClaudeCode, Self::Codex, Self::Guide];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Guide => "guide",
        }
    }

    /// The folders of skills that it searches from the start.
    fn roots(self, places: &ClaudePlaces<'_>) -> Vec<PathBuf> {
        let below = |place: &Path, folders: [&str; 2]| folders.map(|folder| place.join(folder));
        let of_both = |folders| [places.workspace, places.home].map(|place| below(place, folders));
        match self {
            Self::ClaudeCode => [places.managed, places.home, places.workspace]
                .map(|place| place.join(".claude/skills"))
                .to_vec(),
            Self::Codex => {
                let mut roots = of_both([".agents/skills", ".codex/skills"]).concat();
                roots.push(PathBuf::from(CODEX_MANAGED));
                roots
            }
            Self::Guide => of_both([".agents/skills", ".claude/skills"]).concat(),
        }
    }

    /// How deep below such a folder it looks.
    fn deepest(self) -> usize {
        match self {
            Self::ClaudeCode => 1,
            Self::Codex | Self::Guide => DEEPEST,
        }
    }

    /// What it makes of a folder with a `SKILL.md` that no plugin brings.
    fn look(self, folder: &Path, places: &ClaudePlaces<'_>) -> AgentView {
        let roots = self.roots(places);
        let Some(below) = roots.iter().find_map(|root| folder.strip_prefix(root).ok()) else {
            return self.look_elsewhere(folder, places);
        };
        let is_in_reach = (1..=self.deepest()).contains(&below.components().count());
        let reason = match self {
            _ if !is_in_reach => ViewReason::Nested,
            Self::ClaudeCode | Self::Guide if folder.is_symlink() => ViewReason::Link,
            Self::ClaudeCode | Self::Codex | Self::Guide => ViewReason::Found,
        };
        AgentView::new(self, reason)
    }

    /// The same for a folder that lies in none of its own.
    fn look_elsewhere(self, folder: &Path, places: &ClaudePlaces<'_>) -> AgentView {
        let elsewhere = AgentView::new(self, ViewReason::Elsewhere);
        match self {
            Self::ClaudeCode => {
                let Some(part) = part_of(places.workspace, folder) else {
                    return elsewhere;
                };
                // Only where the name is another skill's as well.
                let namesake = namesake(folder, &self.roots(places));
                let part = printable_path(part);
                AgentView {
                    name: namesake.map(|_| qualified(&part, folder)),
                    ..AgentView::new(self, ViewReason::Subfolder)
                }
            }
            Self::Guide if is_some_clients(folder, places) => {
                AgentView::new(self, ViewReason::Client)
            }
            Self::Codex | Self::Guide => elsewhere,
        }
    }

    /// The same for a folder that a plugin brings.
    fn look_at_plugin(self, folder: &Path, plugin: &str) -> AgentView {
        let plugin = plugin.split('@').next().unwrap_or_default();
        match self {
            Self::ClaudeCode => AgentView {
                name: Some(qualified(plugin, folder)),
                ..AgentView::new(self, ViewReason::Found)
            },
            Self::Codex | Self::Guide => AgentView::new(self, ViewReason::Plugin),
        }
    }
}

/// Why no agent takes the folder for a skill.
fn described(folder: &Path) -> Option<ViewReason> {
    if folder.join(AgentSkill::FILE).is_file() {
        return None;
    }
    match folder.join(AgentSkill::LOWER_CASE_FILE).is_file() {
        true => Some(ViewReason::LowerCase),
        false => Some(ViewReason::NoSkillMd),
    }
}

fn name_of(folder: &Path) -> Cow<'_, str> {
    folder.file_name().unwrap_or_default().to_string_lossy()
}

/// The name of a skill that belongs to `owner`.
fn qualified(owner: &str, folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    format!("{owner}:{}", printable_path(Path::new(name)))
}

/// The part of the workspace whose `.claude/skills` the folder lies in.
fn part_of<'f>(workspace: &Path, folder: &'f Path) -> Option<&'f Path> {
    let skills = folder
        .parent()
        .filter(|it| it.ends_with(".claude/skills"))?;
    let part = skills.parent()?.parent()?.strip_prefix(workspace).ok()?;
    (part != Path::new("")).then_some(part)
}

/// Whether the folder lies in the `.CLIENT/skills` that the guide gives each agent beside the common ones.
fn is_some_clients(folder: &Path, places: &ClaudePlaces<'_>) -> bool {
    [places.workspace, places.home].iter().any(|place| {
        let Ok(below) = folder.strip_prefix(place) else {
            return false;
        };
        let mut parts = below
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        parts.next().is_some_and(|first| first.starts_with('.'))
            && parts.next().is_some_and(|second| second == "skills")
            && (1..=DEEPEST).contains(&parts.count())
    })
}

/// The skill whose folder has the same name, directly in one of `roots`, if there is another.
fn namesake(folder: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let name = folder.file_name()?;
    let real = fs_err::canonicalize(folder).ok();
    roots
        .iter()
        .map(|root| root.join(name))
        .filter(|other| other.join(AgentSkill::FILE).is_file())
        .find(|other| fs_err::canonicalize(other).ok() != real)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let places = ClaudePlaces {
                managed: &managed,
                workspace: &workspace,
                home: &home,
            };
            let settings = ClaudeSettings::of_claude_code(&places);
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
    }
}
