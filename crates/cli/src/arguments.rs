//! The command line: what was typed, then what it means.

mod agent;
mod call;
mod help;
mod moment;
mod prefix;
mod session;
mod settings;
mod typed;
mod usage;
mod words;

use std::ffi::OsString;

use clap::Parser as _;
use clap::error::ErrorKind;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;

pub(crate) use call::from_json;
pub(crate) use call::from_words;
pub(crate) use help::localised;
pub(crate) use session::SessionName;
pub(crate) use settings::ColorChoice;
pub(crate) use settings::Format;
pub(crate) use settings::Placement;
pub(crate) use settings::Settings;
pub(crate) use settings::Verbosity;
pub(crate) use typed::AuditAction;
pub(crate) use typed::AuditFilter;
pub(crate) use typed::AuditOptions;
pub(crate) use typed::CatalogFormat;
pub(crate) use typed::CatalogOptions;
pub(crate) use typed::ConfigAction;
pub(crate) use typed::ConfigLayer;
pub(crate) use typed::DaemonAction;
pub(crate) use typed::DemoOptions;
pub(crate) use typed::DiscoverOptions;
pub(crate) use typed::ExecOptions;
pub(crate) use typed::ExportFormat;
pub(crate) use typed::InstallOptions;
pub(crate) use typed::LogOptions;
pub(crate) use typed::McpAction;
pub(crate) use typed::OfferOptions;
pub(crate) use typed::PackOptions;
pub(crate) use typed::SearchOptions;
pub(crate) use typed::ServeOptions;
pub(crate) use typed::SessionAction;
pub(crate) use typed::SessionOptions;
pub(crate) use typed::SkillArgument;
pub(crate) use typed::ToolOptions;
pub(crate) use typed::TraceOptions;
pub(crate) use typed::TrustOptions;
pub(crate) use typed::Typed;
pub(crate) use typed::TypedCommand;
pub(crate) use typed::UnloadOptions;
pub(crate) use typed::ValidateOptions;
pub(crate) use typed::WrapOptions;
pub(crate) use words::split_line;

/// What came of reading a command line.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command, or none: the shell.
    Command(Box<Typed>),
    /// A text was asked for: help or the version.
    Text(String),
}

/// Reads a command line without the program's name.
///
/// # Errors
/// `USAGE` when it cannot be understood.
pub(crate) fn parse(words: Vec<OsString>, locale: Locale) -> Result<Parsed, Box<ErrorReport>> {
    let line: Vec<OsString> = std::iter::once(OsString::from("mycelium"))
        .chain(prefix::strip(words))
        .collect();
    let error = match Typed::try_parse_from(&line) {
        Ok(typed) => return Ok(Parsed::Command(Box::new(typed))),
        Err(error) => error,
    };
    match error.kind() {
        // The texts are put in only when they are to be seen: they come from the catalogue.
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            match localised(locale).try_get_matches_from(&line) {
                Err(help) => Ok(Parsed::Text(help.render().to_string())),
                Ok(_) => Ok(Parsed::Text(error.render().to_string())),
            }
        }
        ErrorKind::DisplayVersion => Ok(Parsed::Text(error.render().to_string())),
        _ => Err(Box::new(usage::report(&error, locale))),
    }
}

/// Whether a command line that may not even parse asks for JSON.
pub(crate) fn asks_for_json(words: &[OsString]) -> bool {
    words
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--json")
}
