//! A remark about a file: where, what, and what to do.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::Locale;
use crate::Message;
use crate::printable_path;

mod snippet;

pub use snippet::is_unprintable;
pub use snippet::printable;
pub(crate) use snippet::snippet;

/// How serious a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Works, probably not as meant.
    Warning,
    /// Does not work.
    Error,
}

impl Severity {
    /// The severity as JSON writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a text, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Position {
    /// The place of byte `offset` in `text`.
    #[must_use]
    pub fn of_byte(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A remark about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// The file, as the person named it; empty where the text has no file.
    pub file: String,
    /// Where in the file, if it is about one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The field, such as `permissions[0].type`; empty for the whole document.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What is the matter, one sentence.
    pub message: String,
    /// What to do, if there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line of the file that `position` is in. A long line is cut around the position, and
    /// what a terminal would obey is replaced, one character for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

impl Diagnostic {
    /// The character of `snippet`, counted from 1, that `position` means.
    #[must_use]
    pub fn caret(&self) -> Option<usize> {
        self.snippet.as_ref()?;
        self.position
            .map(|position| snippet::caret(position.column))
    }

    /// The remark as plain text of a few lines, without a line break at the end.
    ///
    /// ```text
    /// skill.json:3:14: error: `version` is not a version: latest
    ///   3 |   "version": "latest",
    ///     |              ^
    ///   help: Write an exact version, such as 1.0.0.
    /// ```
    #[must_use]
    pub fn render(&self, locale: Locale) -> String {
        let mut text = printable_path(Path::new(&self.file));
        if let Some(Position { line, column }) = self.position {
            let separator = if text.is_empty() { "" } else { ":" };
            let _ = write!(text, "{separator}{line}:{column}");
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        let severity = Message::new("diagnostic-severity").with("severity", self.severity.as_str());
        let _ = write!(text, "{}: {}", severity.render(locale), self.message);
        if let (Some(position), Some(snippet), Some(caret)) =
            (self.position, &self.snippet, self.caret())
        {
            let line = position.line.to_string();
            let _ = write!(text, "\n  {line} | {snippet}");
            let _ = write!(text, "\n  {:1$} | {2:>3$}", "", line.len(), '^', caret);
        }
        if let Some(help) = &self.help {
            let help = Message::new("diagnostic-help").with("help", help);
            let _ = write!(text, "\n  {}", help.render(locale));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "{\n  \"é\": 1\n}";
        assert_eq!(Position::of_byte(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of_byte(text, 8), Position { line: 2, column: 6 });
        assert_eq!(
            Position::of_byte(text, 999),
            Position { line: 3, column: 2 }
        );
    }

    #[test]
    fn renders_place_message_snippet_and_help() {
        let text = "{\n  \"version\": \"latest\"\n}";
        let offset = text.find("\"latest").unwrap();
        let mut diagnostic = Diagnostic {
            severity: Severity::Error,
            file: "skills/a\nb/skill.json".into(),
            position: Some(Position::of_byte(text, offset)),
            field: "version".into(),
            message: "No.".into(),
            help: Some("Yes.".into()),
            snippet: Some(snippet(text, offset)),
        };
        assert_eq!(
            diagnostic.render(Locale::EnUs),
            "skills/a\u{fffd}b/skill.json:2:14: error: No.\n  \
             2 |   \"version\": \"latest\"\n    \
             |              ^\n  help: Yes."
        );
        diagnostic.file = String::new();
        diagnostic.position = None;
        diagnostic.help = None;
        diagnostic.severity = Severity::Note;
        assert_eq!(diagnostic.render(Locale::EnUs), "note: No.");
    }
}
