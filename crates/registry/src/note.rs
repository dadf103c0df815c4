//! Remarks about files that are not manifests.

use std::error::Error;
use std::path::Path;

use mycelium_types::Diagnostic;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::Position;
use mycelium_types::Severity;
use mycelium_types::printable;

pub(crate) fn warning(file: &Path, message: Message) -> Diagnostic {
    remark(Severity::Warning, file, &message)
}

pub(crate) fn error(file: &Path, message: Message) -> Diagnostic {
    remark(Severity::Error, file, &message)
}

/// A warning about a whole line of a file.
pub(crate) fn warning_at(file: &Path, line: usize, text: &str, message: Message) -> Diagnostic {
    Diagnostic {
        position: Some(Position { line, column: 1 }),
        snippet: Some(printable(text)),
        ..remark(Severity::Warning, file, &message)
    }
}

fn remark(severity: Severity, file: &Path, message: &Message) -> Diagnostic {
    Diagnostic {
        severity,
        file: file.to_string_lossy().into_owned(),
        position: None,
        field: String::new(),
        message: message.render(Locale::default()),
        help: message.render_help(Locale::default()),
        snippet: None,
    }
}

/// What the system says, without the path that the remark names already.
pub(crate) fn system_reason(error: &std::io::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
