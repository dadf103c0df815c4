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
    /// Absent where values come from no text; nothing has a place then.
    text: Option<Cursor<'t>>,
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
            text: Some(Cursor::new(text)),
            ..Self::without_text(file)
        }
    }

    /// No remarks yet about values that come from no text, such as a variable or a command line;
    /// `file` is what to call their source. Remarks about them have no place.
    #[must_use]
    pub fn without_text(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            text: None,
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

    /// Adds what is probably not meant with the document as a whole.
    pub fn warning_in_file(&mut self, message: Message) {
        self.push(Severity::Warning, None, &FieldPath::Root, message);
    }

    /// Whether anything makes the document invalid.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The line and column of byte `offset` of the text, if there is one. Asking for growing
    /// offsets passes over the text once in all.
    #[must_use]
    pub fn position(&mut self, offset: usize) -> Option<Position> {
        self.text.as_mut().map(|cursor| cursor.position(offset))
    }

    /// All remarks in the order of their places, those about the whole file first.
    #[must_use]
    pub fn into_diagnostics(self, locale: Locale) -> Vec<Diagnostic> {
        let Self {
            file,
            text: mut cursor,
            mut found,
            errors,
            others,
        } = self;
        let left_out = errors + others - found.len();
        found.sort_by_key(|finding| finding.offset);
        let mut diagnostics = Vec::with_capacity(found.len() + 1);
        for finding in found {
            let place = finding.offset.zip(cursor.as_mut());
            let (position, snippet) = place
                .map(|(offset, cursor)| (cursor.position(offset), snippet(cursor.text, offset)))
                .unzip();
            diagnostics.push(Diagnostic {
                severity: finding.severity,
                file: file.clone(),
                position,
                message: finding.message.render(locale),
                help: finding.message.render_help(locale),
                snippet,
                field: finding.field,
            });
        }
        if left_out > 0 {
            let message = Message::new("document-left-out").with("count", left_out);
            diagnostics.push(Diagnostic {
                severity: Severity::Note,
                file,
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

/// Turns offsets into positions; growing ones in one pass, however long the lines are.
#[derive(Debug)]
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

    fn position(&mut self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        for c in self.text[self.offset..offset].chars() {
            if c == '\n' {
                self.position.line += 1;
                self.position.column = 1;
            } else {
                self.position.column += 1;
            }
        }
        self.offset = offset;
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
        assert!(findings.has_errors());
        let diagnostics = findings.into_diagnostics(Locale::EnUs);
        assert_eq!(diagnostics.len(), MAX_FINDINGS + 1);
        assert!(diagnostics.last().unwrap().message.contains('5'));
    }
}
