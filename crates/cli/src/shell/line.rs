//! One line of the shell, run as a command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use mycelium_protocol::control::Command;
use mycelium_protocol::control::Reply;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use mycelium_types::Message;

use crate::arguments;
use crate::arguments::Format;
use crate::arguments::Parsed;
use crate::arguments::Settings;
use crate::arguments::split_line;
use crate::client::Surroundings;
use crate::client::Transport;
use crate::commands;
use crate::error::Error;
use crate::invocation::conclude;
use crate::invocation::is_interrupted;
use crate::render::Output;
use crate::session::Session;

/// What runs the lines: everything that stays from one to the next.
pub(super) struct Lines {
    /// The options the shell was started with.
    settings: Settings,
    surroundings: Surroundings,
    transport: Transport,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineOutcome {
    /// It was run, or was empty.
    Done(ExitStatus),
    /// It ends the shell, with this status if it says one.
    Stop(Option<ExitStatus>),
}

impl Lines {
    pub(super) fn new(
        settings: &Settings,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        Ok(Self {
            surroundings: Surroundings::look(environment, settings)?,
            transport: Transport::new()?,
            settings: settings.clone(),
        })
    }

    pub(super) fn history_file(&self) -> PathBuf {
        self.surroundings.folders.state.join("history")
    }

    /// Runs one line and tells what came of it.
    pub(super) fn run(&mut self, line: &str) -> LineOutcome {
        // What was interrupted before the line began is over.
        self.transport.interrupt().forget();
        let mut output = self.output(&self.settings);
        let words = match split_line(line) {
            Ok(words) => words,
            Err(error) => {
                let reason = Message::new("usage-line").with("reason", error);
                let reason = reason.render(output.locale());
                return LineOutcome::Done(conclude(Err(Error::usage(reason)), &mut output));
            }
        };
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => return LineOutcome::Done(ExitStatus::Success),
            ["exit" | "quit" | "/exit" | "/quit"] => return LineOutcome::Stop(None),
            _ => {}
        }
        let outcome = self.run_words(words, &mut output);
        if matches!(outcome, Err(Error::BrokenPipe)) {
            return LineOutcome::Stop(Some(ExitStatus::Success));
        }
        let status = conclude(outcome, &mut output);
        match is_interrupted(status) && !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
            true => LineOutcome::Stop(Some(status)),
            false => LineOutcome::Done(status),
        }
    }

    fn run_words(&mut self, words: Vec<String>, output: &mut Output) -> Result<ExitStatus, Error> {
        let locale = Locale::default();
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        if arguments::asks_for_json(&words) {
            // Holds for what is wrong with the rest of the line, too.
            *output = self.output(&Settings {
                format: Format::Json,
                ..self.settings.clone()
            });
        }
        let typed = match arguments::parse(words, locale)? {
            Parsed::Text(text) => {
                output.plain(&text)?;
                return Ok(ExitStatus::Success);
            }
            Parsed::Command(typed) => typed,
        };
        let Some(command) = typed.command else {
            let reason = Message::new("usage-no-command").render(locale);
            return Err(Error::usage(reason));
        };
        let settings = self.settings.with(typed.global, locale)?;
        *output = self.output(&settings);
        // The line's own options may lead to another folder.
        let surroundings = match settings.directory == self.settings.directory {
            true => self.surroundings.clone(),
            false => Surroundings::look(self.surroundings.environment.clone(), &settings)?,
        };
        let mut session = Session {
            settings: &settings,
            surroundings: &surroundings,
            output,
            transport: &mut self.transport,
            package: None,
        };
        commands::run(command, &mut session)
    }

    fn output(&self, settings: &Settings) -> Output {
        Output::new(settings, &self.surroundings.environment)
    }

    /// Asks the runtime something for completion: silently, and nothing is told if it fails.
    pub(super) fn ask(&mut self, command: Command) -> Option<Reply> {
        let context = self.surroundings.context(&self.settings);
        let silent = &mut |_| {};
        self.transport
            .request(&self.surroundings, &self.settings, context, command, silent)
            .ok()
    }
}
