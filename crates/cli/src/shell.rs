//! The interactive shell, and its lines when they come from elsewhere.

mod completion;
mod line;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::io::BufRead as _;
use std::io::IsTerminal as _;
use std::path::Path;
use std::rc::Rc;

use mycelium_types::ExitStatus;
use rustyline::CompletionType;
use rustyline::Config;
use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;

use self::completion::Completion;
use self::line::LineOutcome;
use self::line::Lines;
use crate::arguments::Settings;
use crate::error::Error;
use crate::invocation::conclude;
use crate::render::Output;
use crate::render::Text;

const PROMPT: &str = "mycelium> ";
/// How many lines are remembered.
const MAX_HISTORY: usize = 1000;
/// The longest line that is read from elsewhere, in bytes.
const MAX_LINE: u64 = 16 << 20;

/// Runs the shell with the options it was started with.
pub(crate) fn run(settings: &Settings, environment: BTreeMap<String, String>) -> ExitStatus {
    let mut output = Output::new(settings, &environment);
    let lines = match Lines::new(settings, environment) {
        Ok(lines) => Rc::new(RefCell::new(lines)),
        Err(error) => return conclude(Err(error), &mut output),
    };
    if io::stdin().is_terminal() {
        let outcome = interact(&lines, &mut output);
        conclude(outcome, &mut output)
    } else {
        let outcome = read_through(&lines);
        conclude(outcome, &mut output)
    }
}

/// Reads lines to the end. A line that fails does not stop the rest; the status is that of the last one
/// that failed.
fn read_through(lines: &RefCell<Lines>) -> Result<ExitStatus, Error> {
    let mut input = io::stdin().lock();
    let mut status = ExitStatus::Success;
    loop {
        let mut bytes = Vec::new();
        let count = io::Read::take(&mut input, MAX_LINE)
            .read_until(b'\n', &mut bytes)
            .map_err(Error::File)?;
        if count == 0 {
            return Ok(status);
        }
        match lines.borrow_mut().run(&String::from_utf8_lossy(&bytes)) {
            LineOutcome::Done(ExitStatus::Success) => {}
            LineOutcome::Done(failed) => status = failed,
            LineOutcome::Stop(stopped) => return Ok(stopped.unwrap_or(status)),
        }
    }
}

/// Talks with the person until they leave.
fn interact(lines: &Rc<RefCell<Lines>>, output: &mut Output) -> Result<ExitStatus, Error> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .max_history_size(MAX_HISTORY)
        .and_then(|config| config.history_ignore_dups(true))
        .map_err(readline_error)?
        .auto_add_history(true)
        .build();
    let mut editor: Editor<Completion, DefaultHistory> =
        Editor::with_config(config).map_err(readline_error)?;
    editor.set_helper(Some(Completion::new(Rc::clone(lines))));
    let history = lines.borrow().history_file();
    if let Err(error) = load_history(&mut editor, &history) {
        output.note(&Text::new("shell-no-history").with("reason", error));
    }
    output.note(&Text::new("shell-welcome").with("version", env!("CARGO_PKG_VERSION")));

    loop {
        match editor.readline(PROMPT) {
            Ok(line) => match lines.borrow_mut().run(&line) {
                LineOutcome::Done(_) => {}
                LineOutcome::Stop(_) => break,
            },
            // The line is given up, not the shell.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(readline_error(error)),
        }
    }
    if let Err(error) = editor.save_history(&history) {
        output.note(&Text::new("shell-no-history").with("reason", error));
    }
    Ok(ExitStatus::Success)
}

/// Reads the lines of earlier times from a file only its owner can read.
fn load_history(
    editor: &mut Editor<Completion, DefaultHistory>,
    file: &Path,
) -> rustyline::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = file.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)?;
    editor.load_history(file)
}

fn readline_error(error: ReadlineError) -> Error {
    match error {
        ReadlineError::Io(error) => Error::File(error),
        other => Error::File(io::Error::other(other)),
    }
}
