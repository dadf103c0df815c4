//! Remarks gathered while a document is read.

use crate::Diagnostic;
use crate::Locale;
use crate::Message;
use crate::Position;
use crate::Severity;
use crate::diagnostic::snippet;
use crate::document::FieldPath;

/// The most errors, and the most other remarks, about one file; a hostile file can be wrong in
/// every byte. They are counted apart, so that warnings cannot crowd out what has to be corrected.
const MAX_FINDINGS: usize = 200;

/// The remarks about one file so far.
///
/// A remark's text is the catalogue's; it may name `$field`, which is the path given here.
#[derive(Debug)]
pub struct Findings<'t> {
    file: String,
    text: &'t str,
    found: Vec<Finding>,
    errors: usize,
    others: usize,
}

#[derive(Debug)]
struct Finding {
    severity: Severity,
    offset: Option<usize>,
    field: String,
    message: Message,
}

impl<'t> Findings<'t> {
    /// No remarks yet about `text`, which is the content of `file`.
    #[must_use]
    pub fn new(file: &str, text: &'t str) -> Self {
        Self {
            file: file.to_owned(),
            text,
            found: Vec::new(),
            errors: 0,
            others: 0,
        }
    }

    /// Adds what makes the document invalid. `offset` is the byte of the text it is about.
    pub fn error(&mut self, offset: usize, field: &FieldPath<'_>, message: Message) {
        self.push(Severity::Error, Some(offset), field, message);
    }

    /// Adds what is probably not meant. `offset` is the byte of the text it is about.
    pub fn warning(&mut self, offset: usize, field: &FieldPath<'_>, message: Message) {
        self.push(Severity::Warning, Some(offset), field, message);
    }

    /// Adds what is worth knowing. `offset` is the byte of the text it is about.
    pub fn note(&mut self, offset: usize, field: &FieldPath<'_>, message: Message) {
        self.push(Severity::Note, Some(offset), field, message);
    }

    /// Adds what makes the document invalid as a whole.
    pub fn error_in_file(&mut self, message: Message) {
        self.push(Severity::Error, None, &FieldPath::Root, message);
    }

    /// Whether anything makes the document invalid.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many remarks make the document invalid.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// The line and column of byte `offset` of the text.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        Position::of_byte(self.text, offset)
    }

    /// All remarks in the order of their places, those about the whole file first.
    #[must_use]
    pub fn into_diagnostics(mut self, locale: Locale) -> Vec<Diagnostic> {
        let left_out = self.errors + self.others - self.found.len();
        self.found.sort_by_key(|finding| finding.offset);
        let mut cursor = Cursor::new(self.text);
        let mut diagnostics: Vec<_> = self
            .found
            .into_iter()
            .map(|finding| Diagnostic {
                severity: finding.severity,
                file: self.file.clone(),
                position: finding.offset.map(|offset| cursor.advance(offset)),
                message: finding.message.render(locale),
                help: finding.message.render_help(locale),
                snippet: finding.offset.map(|offset| snippet(self.text, offset)),
                field: finding.field,
            })
            .collect();
        if left_out > 0 {
            let message = Message::new("document-left-out").with("count", left_out);
            diagnostics.push(Diagnostic {
                severity: Severity::Note,
                file: self.file,
                position: None,
                field: String::new(),
                message: message.render(locale),
                help: message.render_help(locale),
                snippet: None,
            });
        }
        diagnostics
    }

    fn push(
        &mut self,
        severity: Severity,
        offset: Option<usize>,
        field: &FieldPath<'_>,
        message: Message,
    ) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning | Severity::Note => &mut self.others,
        };
        *count += 1;
        if *count > MAX_FINDINGS {
            return;
        }
        let field = field.to_string();
        self.found.push(Finding {
            severity,
            offset,
            message: message.with("field", &field),
            field,
        });
    }
}

/// Turns growing offsets into positions in one pass, however long the lines are.
struct Cursor<'t> {
    text: &'t str,
    offset: usize,
    position: Position,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            offset: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    fn advance(&mut self, offset: usize) -> Position {
        let Some(passed) = self.text.get(self.offset..offset.max(self.offset)) else {
            return Position::of_byte(self.text, offset);
        };
        for c in passed.chars() {
            if c == '\n' {
                self.position.line += 1;
                self.position.column = 1;
            } else {
                self.position.column += 1;
            }
        }
        self.offset += passed.len();
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_come_in_the_order_of_their_places() {
        let text = "{\n \"é\": 1,\n  \"b\": 2 }";
        let mut findings = Findings::new("f", text);
        for offset in [text.find('b').unwrap(), 0, text.find('1').unwrap(), 9999] {
            findings.warning(offset, &FieldPath::Root, Message::new("x"));
        }
        findings.error_in_file(Message::new("y"));
        assert!(findings.has_errors());
        let places: Vec<_> = findings
            .into_diagnostics(Locale::EnUs)
            .into_iter()
            .map(|diagnostic| diagnostic.position.map(|p| (p.line, p.column)))
            .collect();
        assert_eq!(
            places,
            [
                None,
                Some((1, 1)),
                Some((2, 7)),
                Some((3, 4)),
                Some((3, 11))
            ]
        );
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut findings = Findings::new("f", "");
        for _ in 0..MAX_FINDINGS + 5 {
            findings.error(0, &FieldPath::Root, Message::new("x"));
        }
        assert_eq!(findings.errors(), MAX_FINDINGS + 5);
        let diagnostics = findings.into_diagnostics(Locale::EnUs);
        assert_eq!(diagnostics.len(), MAX_FINDINGS + 1);
        assert!(diagnostics.last().unwrap().message.contains('5'));
    }
}
