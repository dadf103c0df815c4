//! `unload`: the end of one skill, or of all.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::UnloadReport;
use mycelium_types::ExitStatus;

use super::lifecycle;
use crate::arguments::Format;
use crate::arguments::SkillArgument;
use crate::arguments::UnloadOptions;
use crate::error::Error;
use crate::render::Footer;
use crate::render::Text;
use crate::render::milliseconds;
use crate::session::Session;
use crate::session::answer;

pub(super) fn run(options: UnloadOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    match options.skill {
        Some(skill) => lifecycle::run(&SkillArgument { skill }, session, Command::Unload),
        None => all(session),
    }
}

fn all(session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    if session.output.shows_components() {
        let processes = answer!(session.request(Command::Processes)?, Processes);
        let workspace = &session.surroundings.workspace;
        let running = processes.instances.iter();
        let count = running
            .filter(|instance| instance.workspace == *workspace)
            .count();
        let text = Text::new("event-unload-all").with("count", count);
        session.output.component(&text);
    }
    let report = answer!(session.request(Command::UnloadAll)?, Unloaded);
    if report.failures.is_empty() {
        session.output.component(&Text::new("event-unloaded-all"));
    }
    let time = Text::new("unload-time").with("time", milliseconds(report.milliseconds));
    session.output.result(&report, |page| page.say(&time))?;
    outcome(&report, session)
}

/// The instances have ended all the same; what failed on the way is told, the first failure's status is
/// the command's.
fn outcome(report: &UnloadReport, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    if session.output.format() == Format::Human {
        for failure in &report.failures {
            session.output.failure(failure, Footer::None)?;
        }
    }
    let first = report.failures.first();
    Ok(first.map_or(ExitStatus::Success, |failure| failure.code.exit_status()))
}
