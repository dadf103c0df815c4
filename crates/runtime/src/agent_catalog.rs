//! What an agent sees of the Agent Skills by itself: a list that has to fit into a small part of its context. What it
//! gets from Mycelium is not in it.
//!
//! Agents drop descriptions that do not fit, and a skill without one is not used any more. Here all are shortened
//! alike, as far as it takes.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_config::AgentPlaces;
use mycelium_config::AgentView;
use mycelium_config::ClaudePlaces;
use mycelium_config::ClaudeSettings;
use mycelium_config::SkillVisibility;
use mycelium_config::ViewingAgent;
use mycelium_config::codex_home;
use mycelium_protocol::control::RequestContext;
use mycelium_types::AgentSkill;
use mycelium_types::ErrorReport;
use serde::Serialize;

use crate::catalogue::Found;
use crate::catalogue::Sighting;
use crate::inner::Inner;
use crate::inner::blocking;

/// About how many characters a token has: what agents count with themselves.
const CHARACTERS_PER_TOKEN: usize = 4;
/// A description shorter than this says nothing; the name stands alone then.
const LEAST_DESCRIPTION: usize = 20;

/// An agent whose rules for the list are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CatalogAgent {
    /// Claude Code: 1 % of the context, 1,536 characters for each description and `when_to_use` together.
    ClaudeCode,
    /// Codex: 2 % of the context, 1,024 characters for each description; it is told where each file is.
    Codex,
}

/// What an agent sees.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentCatalog {
    /// How many characters the list may have.
    pub budget: usize,
    /// How many it has.
    pub used: usize,
    /// The skills, by name.
    pub skills: Vec<CatalogEntry>,
    /// Skills whose names alone do not fit any more.
    pub omitted: Vec<String>,
    /// Skills that the agent leaves for others of the same name.
    pub collisions: Vec<CatalogCollision>,
    /// The names of skills that the agent does not find by itself.
    pub unseen: Vec<String>,
}

/// Two skills of one name, of which the agent takes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogCollision {
    /// Their name.
    pub name: String,
    /// The folder of the one that it takes.
    pub winner: PathBuf,
    /// The folder of the other one.
    pub loser: PathBuf,
}

/// A skill in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogEntry {
    /// What the agent calls it.
    pub name: String,
    /// As much of its description as fits.
    pub description: String,
    /// How many characters the whole description has.
    pub characters: usize,
    /// How much of it is there.
    pub fit: Fit,
    /// Its `SKILL.md`.
    pub location: PathBuf,
}

/// How much of a description is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// All of it.
    Whole,
    /// As much as the agent takes of any description.
    Capped,
    /// Less, because all of them together have no room.
    Shortened,
    /// Nothing.
    NameOnly,
    /// Nothing, because the agent is set to show the name only.
    NameOnlyAsSet,
}

/// How much room the list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    /// The characters of all together.
    budget: usize,
    /// The most characters of one description.
    longest: usize,
}

impl Room {
    /// The agent's own, as far as its settings say nothing else.
    fn of(agent: CatalogAgent, context_tokens: usize, settings: &ClaudeSettings) -> Self {
        let characters = context_tokens.saturating_mul(CHARACTERS_PER_TOKEN);
        Self {
            budget: match settings.listing_fraction() {
                Some(fraction) => (characters as f64 * fraction) as usize,
                None => characters / 100 * agent.percent(),
            },
            longest: settings
                .longest_description()
                .unwrap_or(agent.most_of_one()),
        }
    }
}

impl CatalogAgent {
    /// Its rules for finding skills.
    fn viewing(self) -> ViewingAgent {
        match self {
            Self::ClaudeCode => ViewingAgent::ClaudeCode,
            Self::Codex => ViewingAgent::Codex,
        }
    }

    /// What it shows of a skill, if it may choose the skill by itself.
    fn shown(self, skill: &AgentSkill, visibility: SkillVisibility) -> Option<(String, Fit)> {
        match visibility {
            SkillVisibility::On => Some((self.description(skill), Fit::Whole)),
            SkillVisibility::NameOnly => Some((String::new(), Fit::NameOnlyAsSet)),
            SkillVisibility::UserInvocableOnly | SkillVisibility::Off => None,
        }
    }

    /// How much of the context the list may have, in percent.
    fn percent(self) -> usize {
        match self {
            Self::ClaudeCode => 1,
            Self::Codex => 2,
        }
    }

    /// The most characters of one description.
    fn most_of_one(self) -> usize {
        match self {
            Self::ClaudeCode => 1_536,
            Self::Codex => 1_024,
        }
    }

    /// The characters of an entry beside its description.
    fn frame(self, entry: &CatalogEntry) -> usize {
        let name = entry.name.chars().count();
        match self {
            // `- NAME: DESCRIPTION` and the end of the line.
            Self::ClaudeCode => name + 5,
            // `- NAME: DESCRIPTION (file: PATH)`.
            Self::Codex => name + 14 + entry.location.to_string_lossy().chars().count(),
        }
    }

    fn description(self, skill: &AgentSkill) -> String {
        match (self, &skill.when_to_use) {
            (Self::ClaudeCode, Some(when)) => format!("{} {when}", skill.description),
            (Self::ClaudeCode, None) | (Self::Codex, _) => skill.description.clone(),
        }
    }
}

impl AgentCatalog {
    /// Fits the whole descriptions of `skills` into the room there is.
    fn fit(agent: CatalogAgent, room: Room, mut skills: Vec<CatalogEntry>) -> Self {
        let Room {
            budget,
            longest: most,
        } = room;
        for entry in &mut skills {
            entry.description = entry
                .description
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            entry.characters = entry.description.chars().count();
            if entry.characters > most {
                entry.description = shortened(&entry.description, most);
                entry.fit = Fit::Capped;
            }
        }
        let frames: usize = skills.iter().map(|entry| agent.frame(entry)).sum();
        let lengths: Vec<_> = skills
            .iter()
            .map(|entry| entry.description.chars().count())
            .collect();
        let level = level(&lengths, budget.saturating_sub(frames));
        for (entry, length) in skills.iter_mut().zip(lengths) {
            if length <= level {
                continue;
            }
            let is_worth_it = level >= LEAST_DESCRIPTION;
            entry.fit = if is_worth_it {
                Fit::Shortened
            } else {
                Fit::NameOnly
            };
            entry.description = match is_worth_it {
                true => shortened(&entry.description, level),
                false => String::new(),
            };
        }
        let mut used = 0;
        let mut omitted = Vec::new();
        skills.retain(|entry| {
            let size = agent.frame(entry) + entry.description.chars().count();
            let has_room = used + size <= budget;
            if has_room {
                used += size;
            } else {
                omitted.push(entry.name.clone());
            }
            has_room
        });
        Self {
            budget,
            used,
            skills,
            omitted,
            collisions: Vec::new(),
            unseen: Vec::new(),
        }
    }

    /// How many skills have less than their whole description, or nothing, in the list.
    #[must_use]
    pub fn count(&self, fit: Fit) -> usize {
        self.skills.iter().filter(|entry| entry.fit == fit).count()
    }
}

/// The greatest length that all can be cut to so that they have `room` together.
fn level(lengths: &[usize], room: usize) -> usize {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let mut room = room;
    let mut left = sorted.len();
    for length in sorted {
        if length.saturating_mul(left) > room {
            return room / left;
        }
        room -= length;
        left -= 1;
    }
    usize::MAX
}

/// The beginning of a text, `most` characters at the most, up to the end of a word, and a mark that it goes on.
fn shortened(text: &str, most: usize) -> String {
    let end = text
        .char_indices()
        .nth(most.saturating_sub(1))
        .map_or(text.len(), |(at, _)| at);
    let kept = &text[..end];
    let kept = match kept.rfind(' ') {
        // Not when hardly anything would be left.
        Some(space) if space * 2 > end => &kept[..space],
        Some(_) | None => kept,
    };
    format!("{kept}…")
}

/// What an agent finds by itself of the skills that were found.
#[derive(Default)]
struct Sights {
    entries: Vec<CatalogEntry>,
    collisions: Vec<CatalogCollision>,
    unseen: BTreeSet<String>,
}

impl Sights {
    fn of(
        agent: CatalogAgent,
        found: &Found,
        settings: &ClaudeSettings,
        places: &AgentPlaces<'_>,
    ) -> Self {
        let mut sights = Self::default();
        let mut listed = HashSet::new();
        let mut seen = BTreeSet::new();
        for sighting in found.sightings() {
            let Sighting {
                path,
                plugin,
                record,
            } = sighting;
            let skill = record.manifest.agent.as_deref();
            let Some(skill) = skill.filter(|skill| skill.model_invocable) else {
                continue;
            };
            let name = record.name().to_string();
            let view = AgentView::of(agent.viewing(), path, plugin, settings, places);
            match (view.listed(), view.instead) {
                (Some(visibility), _) => {
                    seen.insert(name.clone());
                    // Several paths may lead to one skill.
                    if let Some((description, fit)) = agent.shown(skill, visibility)
                        && listed.insert(&record.source)
                    {
                        sights.entries.push(CatalogEntry {
                            name: view.name.unwrap_or(name),
                            description,
                            characters: 0,
                            fit,
                            location: path.join(&skill.file),
                        });
                    }
                }
                (None, Some(winner)) => {
                    seen.insert(name.clone());
                    sights.collisions.push(CatalogCollision {
                        name,
                        winner,
                        loser: path.to_owned(),
                    });
                }
                (None, None) => {
                    sights.unseen.insert(name);
                }
            }
        }
        sights.unseen.retain(|name| !seen.contains(name));
        sights
            .entries
            .sort_by(|a, b| (&a.name, &a.location).cmp(&(&b.name, &b.location)));
        sights
    }
}

impl Inner {
    pub(crate) async fn catalog(
        self: &Arc<Self>,
        context: &RequestContext,
        agent: CatalogAgent,
        context_tokens: usize,
    ) -> Result<AgentCatalog, ErrorReport> {
        let (workspace, found) = self.look_for_skills(context, Vec::new()).await?;
        blocking(move || {
            let claude = workspace.claude_home();
            let codex = codex_home(&workspace.home, &workspace.environment);
            let places = AgentPlaces {
                home: &workspace.home,
                claude: ClaudePlaces::of(&workspace.path, &claude.folder),
                codex: &codex,
            };
            let settings = match agent {
                CatalogAgent::ClaudeCode => ClaudeSettings::of_claude_code(&places.claude),
                // What Claude Code is set to is none of its business.
                CatalogAgent::Codex => ClaudeSettings::default(),
            };
            let sights = Sights::of(agent, &found, &settings, &places);
            let room = Room::of(agent, context_tokens, &settings);
            Ok(AgentCatalog {
                collisions: sights.collisions,
                unseen: sights.unseen.into_iter().collect(),
                ..AgentCatalog::fit(agent, room, sights.entries)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn entries(count: usize, description: &str) -> Vec<CatalogEntry> {
        let entry = |number: usize| CatalogEntry {
            name: format!("skill-{number:04}"),
            description: description.to_owned(),
            characters: 0,
            fit: Fit::Whole,
            location: format!("/s/{number}/SKILL.md").into(),
        };
        (0..count).map(entry).collect()
    }

    fn of(agent: CatalogAgent, budget: usize) -> Room {
        Room {
            budget,
            longest: agent.most_of_one(),
        }
    }

    /// The room in a context of 200,000 tokens with these settings of the person.
    fn room(agent: CatalogAgent, settings: &str) -> Room {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir(home.path().join(".claude")).unwrap();
        fs_err::write(home.path().join(".claude/settings.json"), settings).unwrap();
        let nowhere = Path::new("/nowhere");
        let places = ClaudePlaces {
            managed: nowhere,
            workspace: nowhere,
            folder: &home.path().join(".claude"),
        };
        Room::of(agent, 200_000, &ClaudeSettings::of_claude_code(&places))
    }

    #[test]
    fn settings_give_more_room_or_less() {
        let agent = CatalogAgent::ClaudeCode;
        for (settings, budget, longest) in [
            (r#"{"skillListingBudgetFraction": 0.025}"#, 20_000, 1_536),
            (r#"{"skillListingMaxDescChars": 100}"#, 8_000, 100),
            (
                r#"{"skillListingBudgetFraction": 2, "skillListingMaxDescChars": 0}"#,
                8_000,
                1_536,
            ),
        ] {
            assert_eq!(room(agent, settings), Room { budget, longest });
        }
    }

    fn size(catalog: &AgentCatalog, agent: CatalogAgent) -> usize {
        let sizes = catalog
            .skills
            .iter()
            .map(|entry| agent.frame(entry) + entry.description.chars().count());
        sizes.sum()
    }

    #[test]
    fn what_fits_is_whole() {
        let agent = CatalogAgent::ClaudeCode;
        assert_eq!(room(agent, "{}").budget, 8_000);
        let catalog =
            AgentCatalog::fit(agent, of(agent, 8_000), entries(10, "Does things\n  well"));
        assert_eq!(catalog.count(Fit::Whole), 10);
        assert_eq!(catalog.skills[0].description, "Does things well");
        assert_eq!(catalog.used, size(&catalog, agent));
    }

    #[test]
    fn long_ones_give_way_to_short_ones() {
        let mut list = entries(20, "A short description");
        list[3].description = "long words ".repeat(100_000);
        for agent in [CatalogAgent::ClaudeCode, CatalogAgent::Codex] {
            let catalog = AgentCatalog::fit(agent, of(agent, 2_000), list.clone());
            assert_eq!(catalog.count(Fit::Whole), 19);
            let long = &catalog.skills[3];
            assert_eq!(long.fit, Fit::Shortened);
            assert_eq!(long.characters, 1_099_999);
            assert!(long.description.ends_with("long…") || long.description.ends_with("words…"));
            assert!(
                catalog.used <= 2_000 && catalog.used > 1_900,
                "{}",
                catalog.used
            );
        }
        let catalog = AgentCatalog::fit(
            CatalogAgent::ClaudeCode,
            of(CatalogAgent::ClaudeCode, 1 << 20),
            list,
        );
        assert_eq!(catalog.skills[3].fit, Fit::Capped);
        assert!(catalog.skills[3].description.chars().count() <= 1_536);
    }

    #[test]
    fn all_are_shortened_alike_and_what_has_no_room_is_named() {
        let text = "Does one thing and explains at some length when to use it";
        let agent = CatalogAgent::ClaudeCode;
        let catalog = AgentCatalog::fit(agent, of(agent, 8_000), entries(200, text));
        assert_eq!(catalog.count(Fit::Shortened), 200);
        assert!(
            catalog
                .skills
                .iter()
                .all(|entry| entry.description.ends_with('…'))
        );
        assert!(size(&catalog, agent) <= 8_000);

        let catalog = AgentCatalog::fit(agent, of(agent, 8_000), entries(2_000, text));
        assert_eq!(catalog.skills.len() + catalog.omitted.len(), 2_000);
        assert_eq!(catalog.count(Fit::NameOnly), catalog.skills.len());
        assert!(size(&catalog, agent) <= 8_000);

        let nothing = AgentCatalog::fit(agent, of(agent, 0), entries(3, text));
        assert_eq!((nothing.skills.len(), nothing.omitted.len()), (0, 3));
    }
}
