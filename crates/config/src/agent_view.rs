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

/// Where agents look for skills.
#[derive(Clone, Copy, Debug)]
pub struct AgentPlaces<'p> {
    /// The person's home folder.
    pub home: &'p Path,
    /// The workspace, and where Claude Code keeps what is the person's.
    pub claude: ClaudePlaces<'p>,
    /// Where Codex does: [`codex_home`](crate::codex_home).
    pub codex: &'p Path,
}

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
    /// The skill of the same name that it takes instead, or may take instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<PathBuf>,
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
    /// It lies in a folder that the agent searches, and so does another of its name: which one it takes is left to it.
    Either,
    /// Another one of its name has precedence.
    Shadowed,
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
        places: &AgentPlaces<'_>,
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

    /// How much of the skill is in the agent's list from the start; nothing for what it does not find by then, or
    /// leaves for another one.
    #[must_use]
    pub fn listed(&self) -> Option<SkillVisibility> {
        match self.reason {
            ViewReason::Found | ViewReason::Link | ViewReason::Client | ViewReason::Either => {
                Some(SkillVisibility::On)
            }
            ViewReason::NameOnly => Some(SkillVisibility::NameOnly),
            ViewReason::UserInvocableOnly => Some(SkillVisibility::UserInvocableOnly),
            ViewReason::Off => Some(SkillVisibility::Off),
            ViewReason::Subfolder
            | ViewReason::Shadowed
            | ViewReason::NoSkillMd
            | ViewReason::LowerCase
            | ViewReason::Elsewhere
            | ViewReason::Nested
            | ViewReason::Plugin => None,
        }
    }

    fn new(agent: ViewingAgent, reason: ViewReason) -> Self {
        Self {
            agent,
            sees: reason.is_sight(),
            reason,
            name: None,
            instead: None,
        }
    }

    /// What the settings of Claude Code make of it.
    fn set(self, visibility: SkillVisibility) -> Self {
        // What is switched off is so wherever it lies.
        let is_switched = self.sees || self.reason == ViewReason::Shadowed;
        let reason = match (visibility, self.reason) {
            (SkillVisibility::NameOnly, ViewReason::Found | ViewReason::Link) => {
                ViewReason::NameOnly
            }
            (SkillVisibility::UserInvocableOnly, _) if is_switched => ViewReason::UserInvocableOnly,
            (SkillVisibility::Off, _) if is_switched => ViewReason::Off,
            (_, reason) => reason,
        };
        Self {
            sees: reason.is_sight(),
            reason,
            instead: self.instead.filter(|_| reason == ViewReason::Shadowed),
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
            Self::Either => "either",
            Self::Shadowed => "shadowed",
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
            Self::Found
            | Self::Link
            | Self::Subfolder
            | Self::Client
            | Self::Either
            | Self::NameOnly => true,
            Self::Shadowed
            | Self::NoSkillMd
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

    /// The folders of skills that it searches from the start. Of skills of one name it takes that of the first level.
    fn levels(self, places: &AgentPlaces<'_>) -> Vec<Vec<PathBuf>> {
        let of = |place: &Path, folders: &[&str]| {
            let roots = folders.iter().map(|folder| place.join(folder));
            roots.collect::<Vec<_>>()
        };
        match self {
            Self::ClaudeCode => vec![
                of(places.claude.managed, &[".claude/skills"]),
                of(places.claude.folder, &["skills"]),
                of(places.claude.workspace, &[".claude/skills"]),
            ],
            // It takes all.
            Self::Codex => {
                let roots = [
                    of(
                        places.claude.workspace,
                        &[".agents/skills", ".codex/skills"],
                    ),
                    of(places.home, &[".agents/skills"]),
                    of(places.codex, &["skills"]),
                    vec![PathBuf::from(CODEX_MANAGED)],
                ];
                vec![roots.concat()]
            }
            Self::Guide => [places.claude.workspace, places.home]
                .map(|place| of(place, &[".agents/skills", ".claude/skills"]))
                .to_vec(),
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
    fn look(self, folder: &Path, places: &AgentPlaces<'_>) -> AgentView {
        let levels = self.levels(places);
        let found = levels.iter().enumerate().find_map(|(level, roots)| {
            let below = roots
                .iter()
                .find_map(|root| folder.strip_prefix(root).ok())?;
            Some((level, below.components().count()))
        });
        let Some((level, depth)) = found else {
            return self.look_elsewhere(folder, places);
        };
        if !(1..=self.deepest()).contains(&depth) {
            return AgentView::new(self, ViewReason::Nested);
        }
        if let Some(other) = namesake(folder, levels[..level].iter().flatten()) {
            return AgentView {
                instead: Some(other),
                ..AgentView::new(self, ViewReason::Shadowed)
            };
        }
        // The guide leaves open which of two in one place counts.
        if self == Self::Guide
            && let Some(other) = namesake(folder, &levels[level])
        {
            return AgentView {
                instead: Some(other),
                ..AgentView::new(self, ViewReason::Either)
            };
        }
        let is_link = self != Self::Codex && folder.is_symlink();
        let reason = match is_link {
            true => ViewReason::Link,
            false => ViewReason::Found,
        };
        AgentView::new(self, reason)
    }

    /// The same for a folder that lies in none of its own.
    fn look_elsewhere(self, folder: &Path, places: &AgentPlaces<'_>) -> AgentView {
        let elsewhere = AgentView::new(self, ViewReason::Elsewhere);
        match self {
            Self::ClaudeCode => {
                let Some(part) = part_of(places.claude.workspace, folder) else {
                    return elsewhere;
                };
                // Only where the name is another skill's as well.
                let namesake = namesake(folder, self.levels(places).iter().flatten());
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
fn is_some_clients(folder: &Path, places: &AgentPlaces<'_>) -> bool {
    [places.claude.workspace, places.home].iter().any(|place| {
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
fn namesake<'r>(folder: &Path, roots: impl IntoIterator<Item = &'r PathBuf>) -> Option<PathBuf> {
    let name = folder.file_name()?;
    let real = fs_err::canonicalize(folder).ok();
    roots
        .into_iter()
        .map(|root| root.join(name))
        .filter(|other| other.join(AgentSkill::FILE).is_file())
        .find(|other| fs_err::canonicalize(other).ok() != real)
}
