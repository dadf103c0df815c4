//! `demo`: what the runtime does, in eight steps.
//!
//! Everything is real: the steps run this very program, in a folder of their own with files, a cache and a
//! daemon of their own, so that nothing of the person's is touched.

mod scrape;
mod script;
mod stage;

use mycelium_types::ExitStatus;
use serde_json::Value;
use serde_json::json;

use self::script::Action;
use self::script::Step;
use self::stage::Stage;
use crate::arguments::DemoOptions;
use crate::arguments::Format;
use crate::error::Error;
use crate::render::Output;
use crate::render::Text;
use crate::session::Session;

/// The port of the specification's configuration.
const METRICS_PORT: u16 = 9090;

pub(super) fn run(options: DemoOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let stage = Stage::set(options.folder.as_deref(), options.keep, session)?;
    let port = scrape::free_port(METRICS_PORT).map_err(Error::File)?;
    if port != METRICS_PORT {
        session
            .output
            .note(&Text::new("demo-port").with("port", port));
    }
    let slow = Text::new(if options.fast {
        "demo-fast"
    } else {
        "demo-slow"
    });
    session.output.note(&slow);

    let mut outcomes = Vec::new();
    for step in script::steps(port, options.fast) {
        let outcome = play(&step, port, &stage, session)?;
        let stops = outcome.fatal;
        outcomes.push(outcome);
        if stops.is_some() {
            break;
        }
    }
    conclude(&outcomes, &stage, session)
}

/// What became of a step.
struct Outcome {
    title: String,
    /// What it should have done and did not.
    complaints: Vec<String>,
    /// The status of a command whose failure leaves nothing to show.
    fatal: Option<u8>,
}

fn play(
    step: &Step,
    port: u16,
    stage: &Stage,
    session: &mut Session<'_>,
) -> Result<Outcome, Error> {
    let title = Text::new(step.title).render(session.output.locale());
    tell(session.output, "")?;
    tell(session.output, &format!("=== {title}"))?;
    let mut outcome = Outcome {
        title,
        complaints: Vec::new(),
        fatal: None,
    };
    for action in &step.actions {
        let (what, status, text) = match action {
            Action::Write { path, content } => {
                stage.write(path, content)?;
                let text = Text::new("demo-wrote").with("path", path);
                tell(session.output, &text.render(session.output.locale()))?;
                continue;
            }
            Action::Run { arguments, .. } => {
                let line = stage::command_line(arguments);
                tell(session.output, "")?;
                tell(session.output, &format!("$ {line}"))?;
                let ran = stage.run(arguments, session)?;
                (line, ran.status, ran.text)
            }
            Action::Scrape { pattern, .. } => {
                let line = format!("curl http://localhost:{port}/metrics | grep {pattern}");
                tell(session.output, "")?;
                tell(session.output, &format!("$ {line}"))?;
                let text = scrape::metrics(port, pattern).unwrap_or_else(|error| error.to_string());
                for found in text.lines() {
                    tell(session.output, found)?;
                }
                (line, 0, text)
            }
        };
        let complaints = action.expectation().complaints(status, &text);
        for complaint in &complaints {
            let text = Text::new("demo-complaint").with("complaint", complaint);
            tell(session.output, &text.render(session.output.locale()))?;
        }
        let failed = !complaints.is_empty();
        outcome
            .complaints
            .extend(complaints.into_iter().map(|text| format!("{what}: {text}")));
        if failed && action.is_essential() {
            outcome.fatal = Some(status);
            break;
        }
    }
    Ok(outcome)
}

fn conclude(
    outcomes: &[Outcome],
    stage: &Stage,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let complaints: usize = outcomes
        .iter()
        .map(|outcome| outcome.complaints.len())
        .sum();
    let steps: Vec<Value> = outcomes
        .iter()
        .map(|outcome| json!({ "title": outcome.title, "complaints": outcome.complaints }))
        .collect();
    let kept = stage.kept_folder();
    let value = json!({ "good": complaints == 0, "steps": steps, "folder": kept });
    session.output.result(&value, |page| {
        page.blank();
        let key = match complaints {
            0 => "demo-good",
            _ => "demo-bad",
        };
        page.say(&Text::new(key).with("count", complaints));
        if let Some(folder) = &kept {
            page.say(&Text::new("demo-kept").with("path", folder.display()));
        }
    })?;
    let fatal = outcomes.iter().find_map(|outcome| outcome.fatal);
    Ok(match (complaints, fatal) {
        (0, _) => ExitStatus::Success,
        (_, Some(status)) => status_of(status),
        (_, None) => ExitStatus::Internal,
    })
}

/// The status a command of the demo ended with, handed on.
fn status_of(code: u8) -> ExitStatus {
    [
        ExitStatus::Skill,
        ExitStatus::Usage,
        ExitStatus::Invalid,
        ExitStatus::NotFound,
        ExitStatus::Denied,
        ExitStatus::Dependency,
        ExitStatus::Limit,
        ExitStatus::Breaker,
        ExitStatus::Interrupted,
    ]
    .into_iter()
    .find(|status| *status as u8 == code)
    .unwrap_or(ExitStatus::Internal)
}

/// Shows a line of the performance: part of the result for people, an aside for programs.
fn tell(output: &mut Output, line: &str) -> Result<(), Error> {
    match output.format() {
        Format::Human => output.result_line(line),
        Format::Json => {
            output.say(|page| page.line(line));
            Ok(())
        }
    }
}
