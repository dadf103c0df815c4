//! What the global options mean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use mycelium_protocol::InvalidValue;
use mycelium_protocol::read_value;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable;
use serde_json::Value;

use super::typed::GlobalOptions;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Where commands run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Placement {
    /// In the daemon, which is started if it does not run.
    #[default]
    Daemon,
    /// In this process.
    InProcess,
}

/// How much is said beside the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing but results, errors and what skills print.
    Quiet,
    /// Notes, progress and times too.
    #[default]
    Normal,
    /// Everything known.
    Verbose,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// The global options, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    /// The folder to work in instead of the current one.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) placement: Placement,
    pub(crate) offline: bool,
    /// Whether the bracketed lines of the runtime's parts are shown.
    pub(crate) component_lines: bool,
    pub(crate) color: ColorChoice,
    pub(crate) verbosity: Verbosity,
    /// The time limit of a call, in seconds.
    pub(crate) timeout_seconds: Option<u64>,
    /// Configuration values, by dotted key.
    pub(crate) overrides: BTreeMap<String, Value>,
}

impl Settings {
    /// Lays options over settings that hold already: the shell's own under those of one of its lines.
    ///
    /// # Errors
    /// `USAGE` when a `--config` is no `KEY=VALUE`.
    pub(crate) fn with(
        &self,
        options: GlobalOptions,
        locale: Locale,
    ) -> Result<Self, Box<ErrorReport>> {
        let mut settings = self.clone();
        if options.json {
            settings.format = Format::Json;
        }
        if let Some(directory) = options.directory {
            settings.directory = Some(match settings.directory.take() {
                Some(base) => base.join(directory),
                None => directory,
            });
        }
        if options.no_daemon {
            settings.placement = Placement::InProcess;
        }
        settings.offline |= options.offline;
        settings.component_lines |= options.skill_debug;
        settings.color = options.color.unwrap_or(settings.color);
        if options.quiet {
            settings.verbosity = Verbosity::Quiet;
        } else if options.verbose {
            settings.verbosity = Verbosity::Verbose;
        }
        settings.timeout_seconds = options.timeout.or(settings.timeout_seconds);
        for text in &options.overrides {
            let (key, value) = key_and_value(text, locale)?;
            settings.overrides.insert(key, value);
        }
        Ok(settings)
    }
}

/// Splits `KEY=VALUE`. The value is what it is as JSON, else a string.
///
/// # Errors
/// `USAGE` when there is no `=` or nothing before it, or the value is nested too deep.
pub(crate) fn key_and_value(
    text: &str,
    locale: Locale,
) -> Result<(String, Value), Box<ErrorReport>> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => match read_value(value) {
            Ok(value) => Ok((key.to_owned(), value)),
            Err(InvalidValue::Syntax(_)) => Ok((key.to_owned(), Value::from(value))),
            Err(InvalidValue::TooDeep) => {
                let reason = format!("{}: {}.", printable(key), InvalidValue::TooDeep);
                Err(Box::new(
                    ErrorReport::new(ErrorCode::Usage).with("reason", reason),
                ))
            }
        },
        _ => {
            let reason = Message::new("usage-no-assignment").with("text", printable(text));
            Err(Box::new(
                ErrorReport::new(ErrorCode::Usage).with("reason", reason.render(locale)),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_of_the_shell_adds_to_the_shells_own_options() {
        let shell = Settings {
            component_lines: true,
            directory: Some("project".into()),
            timeout_seconds: Some(9),
            ..Settings::default()
        };
        let line = GlobalOptions {
            json: true,
            directory: Some("sub".into()),
            overrides: vec!["a.b=3".into(), "a.c=x=y".into()],
            ..GlobalOptions::default()
        };
        let settings = shell.with(line, Locale::EnUs).unwrap();
        assert_eq!(
            settings,
            Settings {
                format: Format::Json,
                directory: Some("project/sub".into()),
                component_lines: true,
                timeout_seconds: Some(9),
                overrides: [
                    ("a.b".to_owned(), json!(3)),
                    ("a.c".to_owned(), json!("x=y"))
                ]
                .into(),
                ..Settings::default()
            }
        );
    }

    #[test]
    fn an_assignment_needs_a_key() {
        let deep = format!("key={}{}", "[".repeat(101), "]".repeat(101));
        for text in ["key", "=value", "", &deep] {
            let report = key_and_value(text, Locale::EnUs).unwrap_err();
            assert_eq!(report.code, ErrorCode::Usage, "{text}");
        }
    }
}
