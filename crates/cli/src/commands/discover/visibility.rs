//! Which agents find a skill by themselves, and why others do not.

use std::path::Path;

use mycelium_config::ClaudeSettings;
use mycelium_config::SkillVisibility;
use mycelium_types::AgentSkill;
use serde::Serialize;

/// How deep below a folder of skills agents look that follow the guide for Agent Skills.
const GUIDE_DEPTH: usize = 6;

/// What one kind of agent makes of a skill's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct View {
    /// Whose rules.
    agent: Agent,
    /// Whether it finds the skill.
    sees: bool,
    /// Why, or why not.
    reason: Reason,
}

/// An agent's rules for finding skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Agent {
    ClaudeCode,
    /// Those that follow the guide for clients of Agent Skills.
    Guide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    /// It lies in a folder that the agent searches.
    Found,
    /// It has no `SKILL.md`.
    NoSkillMd,
    /// Its file is called `skill.md`.
    LowerCase,
    /// The agent does not search where it lies.
    Elsewhere,
    /// It lies too deep below a folder that the agent searches.
    Nested,
    /// It is a link, which not all versions of the agent follow.
    Link,
    /// Plugins are Claude Code's.
    Plugin,
    /// The agent's settings show its name without its description.
    NameOnly,
    /// The agent's settings keep it for the person.
    UserInvocableOnly,
    /// The agent's settings switch it off.
    Off,
}

/// The folders that agents' rules are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'p> {
    pub(super) workspace: &'p Path,
    pub(super) home: &'p Path,
}

impl View {
    /// The words of the catalogue for the agent and the reason.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        let agent = match self.agent {
            Agent::ClaudeCode => "claude-code",
            Agent::Guide => "guide",
        };
        let reason = match self.reason {
            Reason::Found => "found",
            Reason::NoSkillMd => "no-skill-md",
            Reason::LowerCase => "lower-case",
            Reason::Elsewhere => "elsewhere",
            Reason::Nested => "nested",
            Reason::Link => "link",
            Reason::Plugin => "plugin",
            Reason::NameOnly => "name-only",
            Reason::UserInvocableOnly => "user-invocable-only",
            Reason::Off => "off",
        };
        (agent, reason)
    }
}

/// What agents make of the skill in `folder`, which belongs to a `plugin` or not.
pub(super) fn views(
    folder: &Path,
    plugin: Option<&str>,
    settings: &ClaudeSettings,
    places: Places<'_>,
) -> [View; 2] {
    let claude_code = [".claude/skills"].map(Path::new);
    let guide = [".claude/skills", ".agents/skills"].map(Path::new);
    [
        (Agent::ClaudeCode, &claude_code[..], 1),
        (Agent::Guide, &guide[..], GUIDE_DEPTH),
    ]
    .map(|(agent, roots, deepest)| {
        let depth = depth(folder, roots, places);
        let reason = match (described(folder), agent, plugin.is_some()) {
            (Some(reason), _, _) => reason,
            (None, Agent::ClaudeCode, true) => Reason::Found,
            (None, Agent::Guide, true) => Reason::Plugin,
            (None, _, false) => match depth {
                None => Reason::Elsewhere,
                Some(depth) if !(1..=deepest).contains(&depth) => Reason::Nested,
                Some(_) if folder.is_symlink() => Reason::Link,
                Some(_) => Reason::Found,
            },
        };
        let reason = match (reason, agent) {
            (Reason::Found, Agent::ClaudeCode) => set(settings, folder, plugin),
            (reason, _) => reason,
        };
        View {
            agent,
            sees: matches!(reason, Reason::Found | Reason::NameOnly),
            reason,
        }
    })
}

/// What the settings of Claude Code make of a skill that it finds. It calls skills by their folders' names.
fn set(settings: &ClaudeSettings, folder: &Path, plugin: Option<&str>) -> Reason {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    match settings.visibility(&name, plugin) {
        SkillVisibility::On => Reason::Found,
        SkillVisibility::NameOnly => Reason::NameOnly,
        SkillVisibility::UserInvocableOnly => Reason::UserInvocableOnly,
        SkillVisibility::Off => Reason::Off,
    }
}

/// Why no agent takes the folder for a skill.
fn described(folder: &Path) -> Option<Reason> {
    if folder.join(AgentSkill::FILE).is_file() {
        return None;
    }
    match folder.join(AgentSkill::LOWER_CASE_FILE).is_file() {
        true => Some(Reason::LowerCase),
        false => Some(Reason::NoSkillMd),
    }
}

/// How deep the folder lies below one of the roots of the workspace or the person.
fn depth(folder: &Path, roots: &[&Path], places: Places<'_>) -> Option<usize> {
    [places.workspace, places.home]
        .into_iter()
        .flat_map(|place| roots.iter().map(move |root| place.join(root)))
        .find_map(|root| Some(folder.strip_prefix(root).ok()?.components().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_agent_has_its_own_folders() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("work");
        let home = folder.path().join("home");
        let places = Places {
            workspace: &workspace,
            home: &home,
        };
        let skill = |path: &str, file: &str| {
            let path = folder.path().join(path);
            fs_err::create_dir_all(&path).unwrap();
            fs_err::write(path.join(file), "").unwrap();
            path
        };
        let settings = ClaudeSettings::default();
        let told = |path: &Path, is_plugin: bool| {
            views(path, is_plugin.then_some("p@m"), &settings, places)
                .map(|view| (view.sees, view.words().1))
        };
        let mut seen = Vec::new();
        for path in [
            "work/.claude/skills/a",
            "work/.agents/skills/a",
            "work/skills/a",
            "home/.claude/skills/a",
            "work/.claude/skills/a/b",
        ] {
            seen.push(told(&skill(path, "SKILL.md"), false));
        }
        let found = (true, "found");
        let expected = [
            [found, found],
            [(false, "elsewhere"), found],
            [(false, "elsewhere"), (false, "elsewhere")],
            [found, found],
            [(false, "nested"), found],
        ];
        assert_eq!(seen, expected);

        let lower = skill("work/.claude/skills/lower", "skill.md");
        assert_eq!(told(&lower, false), [(false, "lower-case"); 2]);
        let code = skill("work/.claude/skills/code", "skill.json");
        assert_eq!(told(&code, false), [(false, "no-skill-md"); 2]);
        let plugin = skill("plugin/skills/x", "SKILL.md");
        assert_eq!(told(&plugin, true), [found, (false, "plugin")]);
        let link = workspace.join(".claude/skills/link");
        fs_err::os::unix::fs::symlink(&plugin, &link).unwrap();
        assert_eq!(told(&link, false), [(false, "link"); 2]);
    }
}
