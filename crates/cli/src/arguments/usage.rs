//! A command line that cannot be understood, as a coded error with texts of the catalogue.

use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable;

/// The error for what clap refused.
pub(super) fn report(error: &clap::Error, locale: Locale) -> ErrorReport {
    let fact = |kind| fact(error, kind).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => Message::new("usage-unknown-command")
            .with("command", fact(ContextKind::InvalidSubcommand))
            .with(
                "suggestion",
                suggestion(error, ContextKind::SuggestedSubcommand),
            ),
        ErrorKind::UnknownArgument if !fact(ContextKind::InvalidArg).starts_with('-') => {
            Message::new("usage-extra-argument").with("argument", fact(ContextKind::InvalidArg))
        }
        ErrorKind::UnknownArgument => Message::new("usage-unknown-option")
            .with("option", fact(ContextKind::InvalidArg))
            .with("suggestion", suggestion(error, ContextKind::SuggestedArg)),
        ErrorKind::MissingRequiredArgument => {
            Message::new("usage-missing-argument").with("arguments", fact(ContextKind::InvalidArg))
        }
        ErrorKind::MissingSubcommand => Message::new("usage-missing-command")
            .with("commands", fact(ContextKind::ValidSubcommand)),
        ErrorKind::ArgumentConflict => Message::new("usage-conflict")
            .with("option", fact(ContextKind::InvalidArg))
            .with("other", fact(ContextKind::PriorArg)),
        ErrorKind::InvalidValue if fact(ContextKind::InvalidValue).is_empty() => {
            Message::new("usage-missing-value").with("option", fact(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidValue => Message::new("usage-invalid-value")
            .with("value", fact(ContextKind::InvalidValue))
            .with("option", fact(ContextKind::InvalidArg))
            .with("values", fact(ContextKind::ValidValue)),
        ErrorKind::ValueValidation => Message::new("usage-refused-value")
            .with("value", fact(ContextKind::InvalidValue))
            .with("option", fact(ContextKind::InvalidArg))
            .with("reason", cause(error)),
        ErrorKind::TooManyValues
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::NoEquals => {
            Message::new("usage-value-count").with("option", fact(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidUtf8 => Message::new("usage-not-text"),
        // The enumeration is open; what is left has no better words than its own.
        _ => Message::new("usage-other").with("text", one_line(&error.to_string())),
    };
    ErrorReport::new(ErrorCode::Usage).with("reason", message.render(locale))
}

fn fact(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let text = match error.get(kind)? {
        ContextValue::String(text) => printable(text),
        ContextValue::Strings(texts) => texts
            .iter()
            .map(|text| printable(text))
            .collect::<Vec<_>>()
            .join(", "),
        ContextValue::Bool(flag) => flag.to_string(),
        ContextValue::Number(number) => number.to_string(),
        other => one_line(&other.to_string()),
    };
    Some(text)
}

/// The first suggestion, or `none`, as the catalogue selects on it.
fn suggestion(error: &clap::Error, kind: ContextKind) -> String {
    let first = match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    first.unwrap_or_else(|| "none".to_owned())
}

fn cause(error: &clap::Error) -> String {
    std::error::Error::source(error)
        .map_or_else(String::new, |source| one_line(&source.to_string()))
}

fn one_line(text: &str) -> String {
    printable(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn reason(line: &str) -> String {
        let words = line.split_whitespace().map(Into::into).collect();
        let report = parse(words, Locale::EnUs).unwrap_err();
        assert_eq!(report.code, ErrorCode::Usage);
        report.message(Locale::EnUs)
    }

    #[test]
    fn says_what_is_wrong_and_what_was_probably_meant() {
        let reasons: Vec<_> = [
            "exce hello greet",
            "frobnicate",
            "list --jsn",
            "list --frobnicate",
            "exec hello",
            "unload",
            "unload x --all",
            "config",
            "config lst",
            "completions tcsh",
            "--color sometimes list",
            "--timeout 0 list",
            "--timeout ten list",
            "list --timeout",
            "list extra",
            "-q -v list",
            "exec a b c --args []",
        ]
        .iter()
        .map(|line| format!("{line}: {}", reason(line)))
        .collect();
        insta::assert_snapshot!(reasons.join("\n"), @r"
        exce hello greet: There is no command `exce`. Did you mean `exec`?
        frobnicate: There is no command `frobnicate`.
        list --jsn: There is no option `--jsn` here. Did you mean `--json`?
        list --frobnicate: There is no option `--frobnicate` here. If it is meant as a value, put `--` before it.
        exec hello: Something is missing: <METHOD>.
        unload: Something is missing: <SKILL>.
        unload x --all: `[SKILL]` does not go together with `--all`.
        config: One of these must follow: list, get, set, unset, path, help.
        config lst: There is no command `lst`. Did you mean `list`?
        completions tcsh: `tcsh` is no value of `<SHELL>`; these are: bash, elvish, fish, powershell, zsh.
        --color sometimes list: `sometimes` is no value of `--color <WHEN>`; these are: auto, always, never.
        --timeout 0 list: `0` is no value of `--timeout <SECONDS>`: 0 is not in 1..=86400.
        --timeout ten list: `ten` is no value of `--timeout <SECONDS>`: invalid digit found in string.
        list --timeout: `--timeout <SECONDS>` needs a value.
        list extra: `extra` is one argument too many.
        -q -v list: `--quiet` does not go together with `--verbose`.
        exec a b c --args []: `[ARG]...` does not go together with `--args <JSON>`.
        ");
    }

    #[test]
    fn an_argument_that_is_no_text_is_refused() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt as _;
        let words = vec!["info".into(), OsString::from_vec(vec![b'a', 0xff])];
        let report = parse(words, Locale::EnUs).unwrap_err();
        assert_eq!(report.code, ErrorCode::Usage);
    }

    #[test]
    fn nothing_a_terminal_obeys_comes_back() {
        let report = parse(vec!["\u{1b}[2Jx".into()], Locale::EnUs).unwrap_err();
        assert!(!report.message(Locale::EnUs).contains('\u{1b}'));
    }
}
