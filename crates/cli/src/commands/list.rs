//! `list`: all known skills, and how lists of skills look.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::SkillSummary;
use mycelium_types::ExitStatus;
use serde_json::json;

use crate::arguments::Verbosity;
use crate::error::Error;
use crate::render::Page;
use crate::render::Table;
use crate::render::Text;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let skills = answer!(session.request(Command::List)?, Skills);
    show(&skills, "skills-none", session)
}

/// Shows skills as a table; `empty` is the key of what is said if there are none.
pub(super) fn show(
    skills: &[SkillSummary],
    empty: &str,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let verbosity = session.output.verbosity();
    if skills.is_empty() && session.output.format() == crate::arguments::Format::Human {
        session.output.note(&Text::new(empty));
        return Ok(ExitStatus::Success);
    }
    session
        .output
        .result(&json!({ "skills": skills }), |page| {
            describe(skills, verbosity, page);
        })?;
    Ok(ExitStatus::Success)
}

fn describe(skills: &[SkillSummary], verbosity: Verbosity, page: &mut Page) {
    let locale = page.look().locale;
    let head = Text::new("skill-table");
    let mut names = vec!["name", "version", "state"];
    if verbosity == Verbosity::Verbose {
        names.push("source");
    }
    names.push("description");
    let mut table = Table::new(names.iter().map(|name| head.attribute(name, locale)));
    for skill in skills {
        let mut cells = vec![
            skill.id.name.to_string(),
            skill.id.version.to_string(),
            skill.state.to_string(),
        ];
        if verbosity == Verbosity::Verbose {
            cells.push(skill.source.to_string());
        }
        cells.push(match &skill.deprecated {
            Some(deprecation) => Text::new("skill-deprecated")
                .with("message", &deprecation.message)
                .with("description", &skill.description)
                .render(locale),
            None => skill.description.clone(),
        });
        table.row(cells);
    }
    table.add_to(page);
}

#[cfg(test)]
mod tests {
    use mycelium_types::Deprecation;
    use mycelium_types::SkillSource;
    use mycelium_types::SkillState;

    use super::*;
    use crate::render::Look;

    #[test]
    fn a_table_of_skills() {
        let skill = |name: &str, deprecated| SkillSummary {
            id: serde_json::from_value(json!({"name": name, "version": "1.10.0"})).unwrap(),
            description: "Greets people in many languages".into(),
            source: SkillSource::Folder {
                path: "/w/a".into(),
            },
            offered_by: None,
            tags: Vec::new(),
            category: None,
            deprecated,
            state: SkillState::Active,
        };
        let old = Deprecation {
            message: "use greeter".into(),
            replacement: None,
            since: None,
        };
        let skills = [skill("hello-world", None), skill("old", Some(old))];
        let shown = |width, verbosity| {
            let mut page = Page::new(Look {
                width,
                ..Look::default()
            });
            describe(&skills, verbosity, &mut page);
            page.render()
        };
        insta::assert_snapshot!(shown(Some(60), Verbosity::Normal), @r"
        NAME         VERSION  STATE   DESCRIPTION
        hello-world  1.10.0   ACTIVE  Greets people in many languag…
        old          1.10.0   ACTIVE  (deprecated: use greeter) Gre…
        ");
        insta::assert_snapshot!(shown(None, Verbosity::Verbose), @r"
        NAME         VERSION  STATE   SOURCE  DESCRIPTION
        hello-world  1.10.0   ACTIVE  /w/a    Greets people in many languages
        old          1.10.0   ACTIVE  /w/a    (deprecated: use greeter) Greets people in many languages
        ");
    }
}
