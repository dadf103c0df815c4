//! `activate`, `deactivate`, `reload` and `reset`: one change of one skill.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::SkillChange;
use mycelium_protocol::control::SkillSelector;
use mycelium_types::ExitStatus;

use crate::arguments::SkillArgument;
use crate::error::Error;
use crate::render::Page;
use crate::render::Text;
use crate::render::milliseconds;
use crate::session::Session;
use crate::session::answer;

/// Asks for the change that `command` makes of a selector.
pub(super) fn run(
    argument: &SkillArgument,
    session: &mut Session<'_>,
    command: fn(SkillSelector) -> Command,
) -> Result<ExitStatus, Error> {
    let command = command(session.selector(&argument.skill)?);
    let verb = command.name();
    let change = answer!(session.request(command)?, Changed);
    session
        .output
        .result(&change, |page| describe(verb, &change, page))?;
    Ok(ExitStatus::Success)
}

/// Adds what became of the command called `verb`.
pub(super) fn describe(verb: &str, change: &SkillChange, page: &mut Page) {
    let key = match change.changed {
        true => format!("changed-{verb}"),
        false => format!("unchanged-{verb}"),
    };
    let text = Text::new(key)
        .with("skill", &change.skill.name)
        .with("version", &change.skill.version)
        .with("state", change.state)
        .with("time", milliseconds(change.milliseconds));
    page.say(&text);
}

#[cfg(test)]
mod tests {
    use mycelium_types::SkillState;
    use serde_json::json;

    use super::*;
    use crate::render::Look;

    #[test]
    fn every_change_has_its_words() {
        let mut page = Page::new(Look::default());
        for verb in ["activate", "deactivate", "reload", "unload", "reset"] {
            for changed in [true, false] {
                let change = SkillChange {
                    skill: serde_json::from_value(json!({"name": "x", "version": "1.0.0"}))
                        .unwrap(),
                    state: SkillState::Active,
                    changed,
                    milliseconds: 156.2,
                };
                describe(verb, &change, &mut page);
            }
        }
        insta::assert_snapshot!(page.render(), @r"
        Skill x is ACTIVE
        Skill x was ACTIVE already
        Skill x is ACTIVE
        Skill x was ACTIVE already
        Hot reload completed in 156ms
        Skill x has not changed and was started anew in 156ms
        Skill x unloaded in 156ms
        Skill x was not running
        Circuit of x closed
        Circuit of x was closed already
        ");
    }
}
