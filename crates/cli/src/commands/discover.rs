//! `discover`: look for skills.

use std::path::Path;

use mycelium_config::AgentPlaces;
use mycelium_config::AgentView;
use mycelium_config::ClaudeHome;
use mycelium_config::ClaudePlaces;
use mycelium_config::ClaudeSettings;
use mycelium_config::ViewReason;
use mycelium_config::ViewingAgent;
use mycelium_config::codex_home;
use mycelium_protocol::control::Candidate;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Discovery;
use mycelium_protocol::control::SkillSummary;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::SkillSource;
use serde_json::Value;
use serde_json::json;

use crate::arguments::DiscoverOptions;
use crate::arguments::Verbosity;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::render::line;
use crate::render::milliseconds;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(
    options: DiscoverOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let directory = &session.surroundings.directory;
    let paths: Vec<_> = options
        .paths
        .iter()
        .map(|path| directory.join(path))
        .collect();
    let asked_for = options
        .paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let found = answer!(session.request(Command::Discover { paths })?, Discovery);

    let surroundings = session.surroundings;
    let claude = ClaudeHome::of(
        &surroundings.home,
        &surroundings.workspace,
        &surroundings.environment,
    );
    let codex = codex_home(&surroundings.home, &surroundings.environment);
    let places = AgentPlaces {
        home: &surroundings.home,
        claude: ClaudePlaces::of(&surroundings.workspace, &claude.folder),
        codex: &codex,
    };
    let settings = ClaudeSettings::of_claude_code(&places.claude);
    // Agents have precedences of their own, so that they may see what is not taken here.
    let seen_by = |candidate: &Candidate| match candidate.skill {
        Some(_) => ViewingAgent::ALL
            .map(|agent| {
                let plugin = candidate.plugin.as_deref();
                AgentView::of(agent, &candidate.path, plugin, &settings, &places)
            })
            .to_vec(),
        None => Vec::new(),
    };
    let telling = Telling {
        places: &asked_for,
        candidates: match options.explain {
            true => Some(found.candidates.iter().map(seen_by).collect()),
            false => None,
        },
        verbosity: session.output.verbosity(),
    };
    let value = as_json(&found, telling.candidates.as_deref())?;
    session
        .output
        .result(&value, |page| describe(&found, &telling, page))?;
    if session.output.format() == crate::arguments::Format::Human {
        tell_problems(&found, session);
    }
    Ok(ExitStatus::Success)
}

struct Telling<'a> {
    /// The folders asked for; empty for the configured ones.
    places: &'a str,
    /// What agents make of each candidate, if the candidates are to be told.
    candidates: Option<Vec<Vec<AgentView>>>,
    verbosity: Verbosity,
}

/// What was found, and who sees it where that is known.
fn as_json(found: &Discovery, views: Option<&[Vec<AgentView>]>) -> Result<Value, Error> {
    let mut value = serde_json::to_value(found).map_err(ErrorReport::internal)?;
    for (index, views) in views.unwrap_or_default().iter().enumerate() {
        if !views.is_empty() {
            value["candidates"][index]["agents"] = json!(views);
        }
    }
    Ok(value)
}

fn describe(found: &Discovery, telling: &Telling<'_>, page: &mut Page) {
    let locale = page.look().locale;
    if telling.verbosity != Verbosity::Quiet {
        let heading = match telling.places {
            "" => Text::new("discover-heading"),
            places => Text::new("discover-heading-places").with("places", places),
        };
        page.say(&heading);
    }
    page.say(&Text::new("discover-found").with("count", found.skills.len()));
    for skill in &found.skills {
        let text = Text::new("discover-skill")
            .with("name", &skill.id.name)
            .with("version", &skill.id.version)
            .with("remark", remark(skill, found, page));
        page.line(text.render(locale));
    }
    if let Some(views) = &telling.candidates {
        page.blank();
        page.say(&Text::new("discover-candidates").with("count", found.candidates.len()));
        for (candidate, views) in found.candidates.iter().zip(views) {
            let key = match candidate.taken {
                true => "discover-taken",
                false => "discover-not-taken",
            };
            let text = Text::new(key)
                .with("path", candidate.path.display())
                .with("plugin", candidate.plugin.as_deref().unwrap_or("none"))
                .with("reason", &candidate.reason);
            page.line(text.render(locale));
            for view in views {
                let text = view_text(view);
                page.line(format!("    {}", text.render(locale)));
            }
        }
    }
    if telling.verbosity != Verbosity::Quiet {
        page.blank();
        page.say(&Text::new("discover-time").with("time", milliseconds(found.milliseconds)));
    }
}

/// What is said of an agent.
fn view_text(view: &AgentView) -> Text {
    let reason = match (view.reason, &view.name) {
        (ViewReason::Found, Some(_)) => "found-as",
        (ViewReason::Subfolder, Some(_)) => "subfolder-as",
        (reason, _) => reason.as_str(),
    };
    let other = view.instead.as_deref().unwrap_or(Path::new(""));
    Text::new("discover-agent")
        .with("agent", view.agent.as_str())
        .with("reason", reason)
        .with("other", other.display())
        .with("name", view.name.as_deref().unwrap_or_default())
}

/// What is said of a skill beside its name: that it is new, else what it does.
fn remark(skill: &SkillSummary, found: &Discovery, page: &Page) -> String {
    let is_embedded = matches!(skill.source, SkillSource::Embedded { .. });
    if !is_embedded && found.new.contains(&skill.id) {
        return Text::new("discover-new").render(page.look().locale);
    }
    line(&skill.description).into_owned()
}

/// What is wrong is no part of the result; it goes to standard error.
fn tell_problems(found: &Discovery, session: &mut Session<'_>) {
    let locale = session.output.locale();
    for collision in &found.collisions {
        let text = Text::new("discover-collision")
            .with("skill", &collision.id)
            .with("winner", &collision.winner)
            .with("loser", &collision.loser);
        session.output.note(&text);
    }
    if !found.problems.is_empty() {
        session.output.say(|page| {
            for problem in &found.problems {
                page.block(Style::Plain, "", &problem.render(locale));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use mycelium_types::SkillState;

    use super::*;
    use crate::render::Look;

    fn skill(name: &str, description: &str, source: SkillSource) -> SkillSummary {
        SkillSummary {
            id: serde_json::from_value(json!({"name": name, "version": "1.0.0"})).unwrap(),
            description: description.into(),
            source,
            offered_by: None,
            tags: Vec::new(),
            category: None,
            deprecated: None,
            state: SkillState::Loaded,
        }
    }

    fn discovery() -> Discovery {
        let folder = |path: &str| SkillSource::Folder { path: path.into() };
        let hello = skill("hello-world", "greets", folder("/w/a"));
        let demo = skill(
            "skill-infrastructure-demo",
            "infrastructure test skill",
            SkillSource::Embedded {
                name: "skill-infrastructure-demo".parse().unwrap(),
            },
        );
        Discovery {
            new: vec![hello.id.clone(), demo.id.clone()],
            skills: vec![
                hello,
                skill("known", "does\u{1b}[2J\nthings", folder("/w/b")),
                demo,
            ],
            problems: Vec::new(),
            collisions: Vec::new(),
            candidates: vec![
                Candidate {
                    path: "/w/a".into(),
                    taken: true,
                    reason: "a valid skill".into(),
                    plugin: None,
                    skill: None,
                },
                Candidate {
                    path: "/w/c".into(),
                    taken: false,
                    reason: "no skill.json".into(),
                    plugin: Some("tools@market".into()),
                    skill: None,
                },
            ],
            roots: Vec::new(),
            milliseconds: 245.3,
        }
    }

    fn shown(telling: &Telling<'_>) -> String {
        let mut page = Page::new(Look::default());
        describe(&discovery(), telling, &mut page);
        page.render()
    }

    #[test]
    fn the_specifications_list() {
        let telling = Telling {
            places: "",
            candidates: None,
            verbosity: Verbosity::Normal,
        };
        insta::assert_snapshot!(shown(&telling), @r"
        Discovering skills in configured paths...
        Found 3 skills:
        - hello-world (v1.0.0) - newly discovered
        - known (v1.0.0) - does␛[2J␊things
        - skill-infrastructure-demo (v1.0.0) - infrastructure test skill

        Discovery completed in 245ms
        ");
    }

    #[test]
    fn explained_and_quiet() {
        let telling = Telling {
            places: "./x",
            candidates: Some(vec![Vec::new(); 2]),
            verbosity: Verbosity::Quiet,
        };
        insta::assert_snapshot!(shown(&telling), @r"
        Found 3 skills:
        - hello-world (v1.0.0) - newly discovered
        - known (v1.0.0) - does␛[2J␊things
        - skill-infrastructure-demo (v1.0.0) - infrastructure test skill

        Looked at 2 folders:
        + /w/a: a valid skill
        - /w/c: (plugin tools@market) no skill.json
        ");
    }
}
