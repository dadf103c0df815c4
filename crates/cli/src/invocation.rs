//! One invocation of the program: from words to an exit status.

use std::collections::BTreeMap;
use std::ffi::OsString;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;

use crate::arguments;
use crate::arguments::Format;
use crate::arguments::Parsed;
use crate::arguments::Settings;
use crate::arguments::TypedCommand;
use crate::client::Surroundings;
use crate::client::Transport;
use crate::client::environment;
use crate::commands;
use crate::error::Error;
use crate::render::Footer;
use crate::render::Output;
use crate::session::Session;
use crate::shell;

/// Runs what the words ask for.
pub(crate) fn run(words: Vec<OsString>) -> ExitStatus {
    let environment = environment();
    let format = match arguments::asks_for_json(&words) {
        true => Format::Json,
        false => Format::Human,
    };
    let fallback = Settings {
        format,
        ..Settings::default()
    };
    match understand(words) {
        Ok(Understood::Text(text)) => {
            let mut output = Output::new(&fallback, &environment);
            let outcome = output.plain(&text).map(|()| ExitStatus::Success);
            conclude(outcome, &mut output)
        }
        Ok(Understood::Command(settings, command)) => {
            let mut output = Output::new(&settings, &environment);
            let outcome = run_command(&settings, command, environment, &mut output);
            conclude(outcome, &mut output)
        }
        Ok(Understood::Shell(settings)) => shell::run(&settings, environment),
        Err(report) => {
            let mut output = Output::new(&fallback, &environment);
            conclude(Err(Error::Report(report)), &mut output)
        }
    }
}

enum Understood {
    Text(String),
    Command(Box<Settings>, TypedCommand),
    Shell(Box<Settings>),
}

fn understand(words: Vec<OsString>) -> Result<Understood, Box<ErrorReport>> {
    let locale = Locale::default();
    Ok(match arguments::parse(words, locale)? {
        Parsed::Text(text) => Understood::Text(text),
        Parsed::Command(typed) => {
            let settings = Box::new(Settings::default().with(typed.global, locale)?);
            match typed.command {
                Some(command) => Understood::Command(settings, command),
                None => Understood::Shell(settings),
            }
        }
    })
}

fn run_command(
    settings: &Settings,
    command: TypedCommand,
    environment: BTreeMap<String, String>,
    output: &mut Output,
) -> Result<ExitStatus, Error> {
    // What needs no runtime works even where none can: without a home folder, say.
    if let Some(outcome) = commands::run_alone(&command, output) {
        return outcome;
    }
    let surroundings = Surroundings::look(environment, settings)?;
    let mut transport = Transport::new()?;
    let mut session = Session {
        settings,
        surroundings: &surroundings,
        output,
        transport: &mut transport,
        package: None,
    };
    commands::run(command, &mut session)
}

/// Tells what is still untold of a command's end, and gives its status.
pub(crate) fn conclude(outcome: Result<ExitStatus, Error>, output: &mut Output) -> ExitStatus {
    let report = match outcome {
        Ok(status) => return status,
        Err(Error::BrokenPipe) => return ExitStatus::Success,
        Err(error) => ErrorReport::from(error),
    };
    let status = report.code.exit_status();
    match output.failure(&report, Footer::None) {
        // Where the output is gone, the failure is all the same.
        Ok(()) | Err(_) => status,
    }
}

/// Whether the person interrupted the command.
pub(crate) fn is_interrupted(status: ExitStatus) -> bool {
    status == ErrorCode::Interrupted.exit_status()
}
