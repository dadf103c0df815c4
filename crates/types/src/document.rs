//! Reads JSON that people write into values that know where they stand.
//!
//! The text may be hostile: size, depth and number of values are bounded before anything is
//! parsed, and whatever is wrong becomes a remark with a place, never a panic.

use std::collections::HashSet;
use std::str;

use jsonc_parser::CollectOptions;
use jsonc_parser::ParseOptions;
use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::errors::ParseErrorKind;

use crate::Message;
use crate::printable;

mod bounds;
mod findings;
mod node;
mod path;
mod schema;

use bounds::Exceeded;
pub use findings::Findings;
pub use node::Member;
pub use node::Node;
pub use node::NodeValue;
pub use path::FieldPath;
pub use schema::document_schema;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON (RFC 8259).
    Json,
    /// JSON with comments and trailing commas.
    Jsonc,
}

impl Node {
    /// The most bytes a document has, so that a caller need not read more of a file than one more.
    pub const MAX_BYTES: usize = bounds::MAX_BYTES;

    /// Reads the document `bytes`, which is the content of `file`.
    ///
    /// Without a value the findings hold the error that explains why. Repeated names are errors,
    /// and the value is given all the same, so that the rest of it can be looked at too.
    #[must_use]
    pub fn read<'t>(bytes: &'t [u8], file: &str, syntax: Syntax) -> (Option<Self>, Findings<'t>) {
        if bytes.len() > bounds::MAX_BYTES {
            let mut findings = Findings::new(file, "");
            findings.error_in_file(
                Message::new("document-too-large")
                    .with("size", bytes.len())
                    .with("limit", bounds::MAX_BYTES),
            );
            return (None, findings);
        }
        let (bytes, has_mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => (rest, true),
            None => (bytes, false),
        };
        let text = match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(problem) => {
                let valid = &bytes[..problem.valid_up_to()];
                let mut findings = Findings::new(file, str::from_utf8(valid).unwrap_or_default());
                let byte = bytes.get(valid.len()).copied().unwrap_or_default();
                let message =
                    Message::new("document-not-utf8").with("byte", format_args!("0x{byte:02X}"));
                findings.error(valid.len(), &FieldPath::Root, message);
                return (None, findings);
            }
        };
        let mut findings = Findings::new(file, text);
        if has_mark {
            findings.note(
                0,
                &FieldPath::Root,
                Message::new("document-byte-order-mark"),
            );
        }
        let root = match parse(text, syntax) {
            Ok(root) => root,
            Err((offset, message)) => {
                findings.error(offset, &FieldPath::Root, message);
                return (None, findings);
            }
        };
        report_repeated_names(&root, &FieldPath::Root, &mut findings);
        (Some(root), findings)
    }
}

/// Where the text stops being a document, and why.
type Refusal = (usize, Message);

fn parse(text: &str, syntax: Syntax) -> Result<Node, Refusal> {
    let stranger = bounds::check(text).map_err(|exceeded| match exceeded {
        Exceeded::Depth { offset } => (
            offset,
            Message::new("document-too-deep").with("limit", bounds::MAX_DEPTH),
        ),
        Exceeded::Values { offset } => (
            offset,
            Message::new("document-too-many-values").with("limit", bounds::MAX_VALUES),
        ),
    })?;
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &options(syntax))
        .map_err(|problem| {
            let kind = syntax_problem(problem.kind());
            (problem.range().start, syntax_message(kind))
        })?;
    let value = parsed.value.ok_or_else(|| (0, syntax_message("empty")))?;
    match stranger {
        Some(offset) => Err((offset, syntax_message("character"))),
        None => node(value),
    }
}

fn options(syntax: Syntax) -> ParseOptions {
    let lenient = syntax == Syntax::Jsonc;
    ParseOptions {
        allow_comments: lenient,
        allow_trailing_commas: lenient,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn syntax_message(problem: &str) -> Message {
    Message::new("document-syntax").with("problem", problem)
}

/// The parser's complaint as a word of the catalogue.
fn syntax_problem(kind: &ParseErrorKind) -> &'static str {
    match kind {
        ParseErrorKind::CommentsNotAllowed => "comment",
        ParseErrorKind::TrailingCommasNotAllowed => "trailing-comma",
        ParseErrorKind::ExpectedComma => "missing-comma",
        ParseErrorKind::ExpectedColonAfterObjectKey => "missing-colon",
        ParseErrorKind::ExpectedObjectValue => "missing-value",
        ParseErrorKind::ExpectedStringObjectProperty => "name-without-quotes",
        ParseErrorKind::SingleQuotedStringsNotAllowed => "single-quotes",
        ParseErrorKind::MultipleRootJsonValues => "second-value",
        ParseErrorKind::UnterminatedArray => "open-list",
        ParseErrorKind::UnterminatedObject => "open-object",
        ParseErrorKind::UnterminatedCommentBlock => "open-comment",
        ParseErrorKind::String(_) => "string",
        ParseErrorKind::BareDecimalPointNumbersNotAllowed
        | ParseErrorKind::ExpectedDigit
        | ParseErrorKind::ExpectedDigitFollowingNegativeSign
        | ParseErrorKind::ExpectedPlusMinusOrDigitInNumberLiteral
        | ParseErrorKind::HexadecimalNumbersNotAllowed
        | ParseErrorKind::NonFiniteNumbersNotAllowed
        | ParseErrorKind::UnaryPlusNumbersNotAllowed => "number",
        // The enum has one more variant when some other crate turns a feature of the parser on.
        _ => "unexpected",
    }
}

/// Recursion is safe: the depth is bounded.
fn node(value: ast::Value<'_>) -> Result<Node, Refusal> {
    let offset = value.start();
    let value = match value {
        ast::Value::NullKeyword(_) => NodeValue::Null,
        ast::Value::BooleanLit(literal) => NodeValue::Bool(literal.value),
        ast::Value::NumberLit(literal) => {
            let number = serde_json::from_str(literal.value)
                .map_err(|_| (offset, syntax_message("number-range")))?;
            NodeValue::Number(number)
        }
        ast::Value::StringLit(literal) => NodeValue::Text(literal.value.into_owned()),
        ast::Value::Array(array) => {
            let items = array.elements.into_iter().map(node);
            NodeValue::List(items.collect::<Result<_, _>>()?)
        }
        ast::Value::Object(object) => {
            let members = object.properties.into_iter().map(|property| {
                Ok(Member {
                    offset: property.name.start(),
                    name: property.name.into_string(),
                    node: node(property.value)?,
                })
            });
            NodeValue::Object(members.collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { value, offset })
}

/// Programs differ in which of two members with one name they take, so neither can be trusted.
fn report_repeated_names(node: &Node, path: &FieldPath<'_>, findings: &mut Findings<'_>) {
    match &node.value {
        NodeValue::Object(members) => {
            let mut seen = HashSet::with_capacity(members.len());
            for member in members {
                let path = path.member(&member.name);
                if !seen.insert(member.name.as_str()) {
                    let message = Message::new("document-repeated-name")
                        .with("name", printable(&member.name));
                    findings.error(member.offset, &path, message);
                }
                report_repeated_names(&member.node, &path, findings);
            }
        }
        NodeValue::List(items) => {
            for (index, item) in items.iter().enumerate() {
                report_repeated_names(item, &path.item(index), findings);
            }
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Diagnostic;
    use crate::Locale;

    fn read(bytes: &[u8], syntax: Syntax) -> (Option<Node>, Vec<Diagnostic>) {
        let (node, findings) = Node::read(bytes, "f.json", syntax);
        (node, findings.into_diagnostics(Locale::EnUs))
    }

    fn refused(bytes: &[u8], syntax: Syntax) -> Diagnostic {
        let (node, mut diagnostics) = read(bytes, syntax);
        assert_eq!(node, None, "{}", String::from_utf8_lossy(bytes));
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        diagnostics.remove(0)
    }

    #[test]
    fn values_know_their_places() {
        let text = "{ \"a\": [1, \"\\u00e9\\ud83d\\ude00\"], \"b\": {\"c\": null, \"d\": -2.5e1} }";
        let (node, diagnostics) = read(text.as_bytes(), Syntax::Json);
        let node = node.unwrap();
        assert_eq!(diagnostics, []);
        assert_eq!(
            node.to_json(),
            serde_json::json!({"a": [1, "é😀"], "b": {"c": null, "d": -25.0}})
        );
        let member = node.member("b").unwrap();
        assert_eq!((member.offset, member.node.offset), (34, 39));
        assert_eq!(
            member.node.member("d").unwrap().node.whole_number(),
            Some(-25)
        );
    }

    #[test]
    fn json_has_no_comments_trailing_commas_or_loose_words() {
        for (text, line, column) in [
            ("{\n  // c\n}", 2, 3),
            ("[1, 2,]", 1, 6),
            ("[1 2]", 1, 3),
            ("{a: 1}", 1, 2),
            ("{'a': 1}", 1, 2),
            ("{\"a\" 1}", 1, 6),
            ("{} {}", 1, 4),
            ("", 1, 1),
            (" \n ", 1, 1),
            ("[1", 1, 1),
            ("[0x1]", 1, 2),
            ("[1e999]", 1, 2),
            ("[\"\\ud800\"]", 1, 3),
            ("[\n\"a\tb\"]", 2, 3),
            ("[\n\u{a0}1]", 2, 1),
        ] {
            let diagnostic = refused(text.as_bytes(), Syntax::Json);
            let position = diagnostic.position.unwrap();
            assert_eq!((position.line, position.column), (line, column), "{text:?}");
            assert!(diagnostic.help.is_some(), "{text:?}");
        }
        let (node, diagnostics) = read(b"{ /* c */ \"a\": [1,], } // d", Syntax::Jsonc);
        assert_eq!(node.unwrap().to_json(), serde_json::json!({"a": [1]}));
        assert_eq!(diagnostics, []);
    }

    #[test]
    fn bounds_come_before_parsing() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert!(
            refused(deep.as_bytes(), Syntax::Json)
                .message
                .contains("64")
        );
        let huge = vec![b'['; 100 << 20];
        let diagnostic = refused(&huge, Syntax::Jsonc);
        assert!(diagnostic.message.contains("104857600"));
        assert_eq!(diagnostic.position, None);
        let many = format!("[{}]", vec!["1"; 30_000].join(","));
        assert!(
            refused(many.as_bytes(), Syntax::Json)
                .message
                .contains("20000")
        );
    }

    #[test]
    fn text_is_utf8_and_a_mark_is_only_noted() {
        let diagnostic = refused(b"{\n\"\xff\": 1}", Syntax::Json);
        assert_eq!(diagnostic.position.unwrap().line, 2);
        assert!(diagnostic.message.contains("0xFF"));
        refused(b"\xff\xfe{\0}\0", Syntax::Json);

        let (node, diagnostics) = read(b"\xef\xbb\xbf{}", Syntax::Json);
        assert!(node.is_some());
        assert_eq!(diagnostics[0].severity, crate::Severity::Note);
    }

    #[test]
    fn repeated_names_are_errors_at_any_depth() {
        let text = "{\"a\": 1,\n\"b\": [{\"x\": 1, \"x\": 2}],\n\"a\": 2, \"\\u0061\": 3}";
        let (node, diagnostics) = read(text.as_bytes(), Syntax::Json);
        assert!(node.is_some());
        let fields: Vec<_> = diagnostics.iter().map(|d| d.field.as_str()).collect();
        assert_eq!(fields, ["b[0].x", "a", "a"]);
        assert_eq!(diagnostics[1].position.unwrap().line, 3);
    }
}
