//! Why a configuration cannot be used or changed.

use std::io;
use std::path::PathBuf;

use mycelium_types::Diagnostic;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Severity;
use mycelium_types::printable;
use mycelium_types::printable_path;

/// Why a configuration cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value, or a whole file, is wrong.
    #[error("{}", reason(diagnostics))]
    Invalid {
        /// All remarks.
        diagnostics: Vec<Diagnostic>,
    },
    /// There is no such key.
    #[error("there is no key {key}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The remarks that say so.
        diagnostics: Vec<Diagnostic>,
    },
    /// Something that is not an object is in the way of a key.
    #[error("{in_the_way} in {} is not an object", printable_path(file))]
    InTheWay {
        /// The file.
        file: PathBuf,
        /// The key of what is in the way.
        in_the_way: String,
    },
    /// A secret cannot have this name.
    #[error("a secret's name is that of a variable")]
    SecretName {
        /// The name.
        name: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}", printable_path(file))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", printable_path(file))]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<ConfigError> for ErrorReport {
    fn from(error: ConfigError) -> Self {
        let invalid = |reason: String| Self::new(ErrorCode::ConfigInvalid).with("reason", reason);
        match error {
            ConfigError::Invalid { diagnostics } => {
                let mut report = invalid(reason(&diagnostics));
                report.diagnostics = diagnostics;
                report
            }
            ConfigError::UnknownKey { key, diagnostics } => {
                let message = Message::new("config-key-unknown").with("key", printable(&key));
                let mut report = invalid(message.render(Locale::EnUs));
                report.diagnostics = diagnostics;
                report
            }
            ConfigError::InTheWay { file, in_the_way } => {
                let message = Message::new("config-in-the-way")
                    .with("file", printable_path(&file))
                    .with("key", printable(&in_the_way));
                invalid(message.render(Locale::EnUs))
            }
            ConfigError::SecretName { name } => {
                let message = Message::new("config-secret-name").with("name", printable(&name));
                invalid(message.render(Locale::EnUs))
            }
            ConfigError::Unreadable { file, source } | ConfigError::Unwritable { file, source } => {
                let message = Message::new("config-storage")
                    .with("file", printable_path(&file))
                    .with("reason", source);
                Self::new(ErrorCode::StateUnavailable).with("reason", message.render(Locale::EnUs))
            }
        }
    }
}

/// The first error in one sentence, and how many more there are.
fn reason(diagnostics: &[Diagnostic]) -> String {
    let mut errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(first) = errors.next() else {
        return String::new();
    };
    Message::new("config-problems")
        .with("file", &first.file)
        .with("line", first.position.map_or(0, |position| position.line))
        .with("first", &first.message)
        .with("others", errors.count())
        .render(Locale::EnUs)
}
