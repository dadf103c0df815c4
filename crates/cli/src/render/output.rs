//! Where everything a command says goes: results to standard output, all else to standard error.

use std::collections::BTreeMap;
use std::io;
use std::io::IsTerminal;
use std::io::Write;

use mycelium_protocol::Event;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use serde::Serialize;
use serde_json::json;

use super::event;
use super::event::Kind;
use super::failure;
use super::failure::Footer;
use super::failure::Telling;
use super::json;
use super::page::Look;
use super::page::Page;
use super::progress::Progress;
use super::text::Text;
use super::untrusted;
use crate::arguments::ColorChoice;
use crate::arguments::Format;
use crate::arguments::Settings;
use crate::arguments::Verbosity;
use crate::error::Error;

/// The two streams and how to write to them.
pub(crate) struct Output {
    format: Format,
    verbosity: Verbosity,
    component_lines: bool,
    stdout: Sink,
    stderr: Sink,
    progress: Progress,
    /// Whether something was said on standard error since the last result.
    spoke: bool,
    /// Whether an event told the message of the failure that is coming.
    message_known: bool,
}

struct Sink {
    writer: Box<dyn Write>,
    look: Look,
}

impl Output {
    /// The program's own streams, written to as the settings and the environment say.
    pub(crate) fn new(settings: &Settings, environment: &BTreeMap<String, String>) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let look = |stream: &dyn Terminal| Look {
            locale: Locale::default(),
            colour: stream.has_colour(settings.color, environment),
            width: stream.columns(),
        };
        let draws = stderr.is_terminal()
            && settings.format == Format::Human
            && settings.verbosity != Verbosity::Quiet;
        Self {
            format: settings.format,
            verbosity: settings.verbosity,
            component_lines: settings.component_lines,
            progress: Progress::new(draws),
            spoke: false,
            message_known: false,
            stdout: Sink {
                look: look(&stdout),
                writer: Box::new(io::BufWriter::with_capacity(1 << 16, stdout)),
            },
            stderr: Sink {
                look: look(&stderr),
                writer: Box::new(io::LineWriter::new(stderr)),
            },
        }
    }

    pub(crate) fn locale(&self) -> Locale {
        self.stdout.look.locale
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    pub(crate) fn shows_components(&self) -> bool {
        self.component_lines
    }

    /// Writes a result: as JSON what `value` has, for people what `describe` puts on the page.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn result(
        &mut self,
        value: &impl Serialize,
        describe: impl FnOnce(&mut Page),
    ) -> Result<(), Error> {
        match self.format {
            Format::Json => {
                let text = json::envelope(value)?;
                self.write_line(&text)
            }
            Format::Human => {
                let mut page = Page::new(self.stdout.look);
                describe(&mut page);
                self.separate();
                self.write(&page.render())
            }
        }
    }

    /// Writes a line of a result that goes on: a JSON object or a line of text.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn result_line(&mut self, line: &str) -> Result<(), Error> {
        match self.format {
            Format::Json => {
                let text = json::envelope(&json!({ "line": line }))?;
                self.write_line(&text)
            }
            Format::Human => self.write_line(&untrusted::line(line)),
        }
    }

    /// Writes a text that is a result as it stands: help, a completion script.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn plain(&mut self, text: &str) -> Result<(), Error> {
        self.write(text)
    }

    /// Says something worth knowing that is no result.
    pub(crate) fn note(&mut self, text: &Text) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let text = text.render(self.stderr.look.locale);
        self.say(|page| page.say(&Text::new("note").with("text", text)));
    }

    /// Says a line of a part of the runtime, where such lines are shown.
    pub(crate) fn component(&mut self, text: &Text) {
        if self.component_lines && self.format == Format::Human {
            self.say(|page| page.say_styled(super::Style::Faint, text));
        }
    }

    /// Says something to the person, whatever the settings.
    pub(crate) fn say(&mut self, describe: impl FnOnce(&mut Page)) {
        let mut page = Page::new(self.stderr.look);
        describe(&mut page);
        self.spoke |= !page.is_empty();
        self.write_error(&page.render());
    }

    /// Asks something on standard error; the answer is typed behind it.
    ///
    /// `choice` is the text that puts the possible answers behind the question.
    pub(crate) fn prompt(&mut self, choice: &'static str, question: &Text) {
        let locale = self.stderr.look.locale;
        let text = Text::new(choice).with("question", question.render(locale));
        self.write_error(&text.render(locale));
    }

    /// Shows an event, if the settings say so.
    pub(crate) fn event(&mut self, event: &Event) {
        if self.format == Format::Json && self.component_lines {
            if let Ok(text) = json::envelope(event) {
                self.write_error(&format!("{text}\n"));
            }
            return;
        }
        if let Event::Download {
            package,
            done,
            total,
            ..
        } = event
            && self.progress.is_enabled()
        {
            let text = Text::new("progress-download").with("package", package);
            let message = text.render(self.stderr.look.locale);
            self.progress.draw(*done, *total, message);
            return;
        }
        let shown = match event::kind(event) {
            Kind::Console => true,
            Kind::Note => self.verbosity != Verbosity::Quiet,
            Kind::Component => self.component_lines,
            Kind::Course => self.component_lines && self.verbosity == Verbosity::Verbose,
        };
        if shown {
            self.message_known |= matches!(event, Event::Failed { .. });
            self.say(|page| event::describe(event, page));
        }
    }

    /// Tells a failure: to standard error for people, as an object on standard output for programs.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn failure(&mut self, report: &ErrorReport, footer: Footer) -> Result<(), Error> {
        if self.format == Format::Json {
            let error = failure::error_value(report, self.locale());
            let text = json::envelope(&json!({ "error": error }))?;
            return self.write_line(&text);
        }
        let telling = Telling {
            verbosity: self.verbosity,
            message_known: std::mem::take(&mut self.message_known),
            footer,
        };
        self.separate();
        self.say(|page| failure::describe(report, telling, page));
        self.spoke = false;
        Ok(())
    }

    /// Sets what follows apart from what was said before it.
    fn separate(&mut self) {
        if std::mem::take(&mut self.spoke) {
            self.write_error("\n");
        }
    }

    fn write_line(&mut self, line: &str) -> Result<(), Error> {
        self.write(&format!("{line}\n"))
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        self.progress.clear();
        let writer = &mut self.stdout.writer;
        writer
            .write_all(text.as_bytes())
            .and_then(|()| writer.flush())
            .map_err(Error::output)
    }

    /// Nobody can be told that standard error is gone.
    fn write_error(&mut self, text: &str) {
        self.progress.clear();
        let writer = &mut self.stderr.writer;
        let _ = writer
            .write_all(text.as_bytes())
            .and_then(|()| writer.flush());
    }
}

/// What a stream can show.
trait Terminal {
    fn has_colour(&self, choice: ColorChoice, environment: &BTreeMap<String, String>) -> bool;
    fn columns(&self) -> Option<usize>;
}

impl<S: IsTerminal + std::os::fd::AsFd> Terminal for S {
    fn has_colour(&self, choice: ColorChoice, environment: &BTreeMap<String, String>) -> bool {
        colours(choice, environment, self.is_terminal())
    }

    fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(self).ok()?;
        (size.ws_col > 0).then_some(usize::from(size.ws_col))
    }
}

/// Whether to use colours: what was asked for, then `NO_COLOR` (no-color.org), then `CLICOLOR_FORCE`
/// (bixense.com/clicolors), then whether somebody looks.
fn colours(choice: ColorChoice, environment: &BTreeMap<String, String>, is_terminal: bool) -> bool {
    let value = |name: &str| environment.get(name).map_or("", String::as_str);
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if !value("NO_COLOR").is_empty() => false,
        ColorChoice::Auto if !matches!(value("CLICOLOR_FORCE"), "" | "0") => true,
        ColorChoice::Auto => is_terminal && value("TERM") != "dumb",
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use mycelium_protocol::ConsoleLevel;
    use mycelium_types::ErrorCode;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Both streams into one text, as on a terminal.
    fn output(format: Format, verbosity: Verbosity, component_lines: bool) -> (Output, Shared) {
        let shared = Shared::default();
        let sink = || Sink {
            writer: Box::new(shared.clone()),
            look: Look::default(),
        };
        let output = Output {
            format,
            verbosity,
            component_lines,
            stdout: sink(),
            stderr: sink(),
            progress: Progress::new(false),
            spoke: false,
            message_known: false,
        };
        (output, shared)
    }

    fn text(shared: &Shared) -> String {
        String::from_utf8(shared.0.borrow().clone()).unwrap()
    }

    fn console() -> Event {
        Event::Console {
            skill: "x".parse().unwrap(),
            level: ConsoleLevel::Info,
            text: "hello\u{1b}[2J".into(),
        }
    }

    fn executing() -> Event {
        Event::Executing {
            skill: "x".parse().unwrap(),
            method: "m".into(),
            args: json!([]),
        }
    }

    #[test]
    fn what_skills_print_is_always_shown_and_set_apart_from_the_result() {
        let (mut output, shared) = output(Format::Human, Verbosity::Quiet, false);
        output.event(&console());
        output.event(&executing());
        output.note(&Text::new("some-note"));
        output
            .result(&json!({}), |page| page.line("Result: 1"))
            .unwrap();
        output
            .result(&json!({}), |page| page.line("Result: 2"))
            .unwrap();
        assert_eq!(text(&shared), "hello␛[2J\n\nResult: 1\nResult: 2\n");
    }

    #[test]
    fn json_is_one_object_a_line_and_errors_are_objects_too() {
        let (mut output, shared) = output(Format::Json, Verbosity::Normal, true);
        output.event(&executing());
        output
            .result(&json!({"a": 1}), |_| unreachable!("not for people"))
            .unwrap();
        let report = ErrorReport::new(ErrorCode::SkillNotFound)
            .with("skill", "x")
            .with("suggestion", "none");
        output.failure(&report, Footer::None).unwrap();
        let text = text(&shared);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["event"], "executing");
        assert_eq!(lines[1], json!({"schema_version": 1, "a": 1}));
        assert_eq!(lines[2]["error"]["code"], "SKILL_NOT_FOUND");
        assert!(lines.iter().all(|line| line["schema_version"] == 1));
    }

    #[test]
    fn a_message_told_by_an_event_is_not_told_again() {
        let (mut output, shared) = output(Format::Human, Verbosity::Normal, true);
        output.event(&Event::Failed {
            skill: "x".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            method: Some("m".into()),
            hook: None,
            message: "broken".into(),
            stack: None,
        });
        let report = ErrorReport::new(ErrorCode::SkillExecutionError).with("reason", "broken");
        output.failure(&report, Footer::None).unwrap();
        assert_eq!(text(&shared).matches("broken").count(), 1);
        output.failure(&report, Footer::None).unwrap();
        assert_eq!(text(&shared).matches("broken").count(), 2);
    }

    #[test]
    fn a_closed_pipe_is_told_apart() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut output, _) = output(Format::Human, Verbosity::Normal, false);
        output.stdout.writer = Box::new(Closed);
        assert!(matches!(output.plain("x"), Err(Error::BrokenPipe)));
    }

    #[test]
    fn colours_follow_option_variables_and_terminal_in_this_order() {
        let environment = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let both = environment(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]);
        let force = environment(&[("CLICOLOR_FORCE", "1")]);
        let dumb = environment(&[("TERM", "dumb"), ("CLICOLOR_FORCE", "0"), ("NO_COLOR", "")]);
        let none = environment(&[]);
        assert!(colours(ColorChoice::Always, &both, false));
        assert!(!colours(ColorChoice::Never, &force, true));
        assert!(!colours(ColorChoice::Auto, &both, true));
        assert!(colours(ColorChoice::Auto, &force, false));
        assert!(!colours(ColorChoice::Auto, &dumb, true));
        assert!(colours(ColorChoice::Auto, &none, true));
        assert!(!colours(ColorChoice::Auto, &none, false));
    }
}
