//! What never gets into the log: secrets, and more text than an entry holds.

use std::sync::LazyLock;

use mycelium_types::CallStyle;
use mycelium_types::Export;
use regex::Regex;
use regex::RegexSet;
use serde_json::Map;
use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// The most bytes of one text.
const MAX_TEXT: usize = 512;
/// The most bytes of a text that are searched for secrets.
const MAX_LOOKED_AT: usize = 4096;
/// The longest secret that a pattern has to see whole, in bytes.
const MAX_SECRET: usize = 2048;
/// The most texts, numbers, members and items of one entry's details.
const MAX_NODES: usize = 256;
/// The most bytes of all texts of one entry's details.
const MAX_BYTES: usize = 4096;
/// The deepest nesting.
const MAX_DEPTH: usize = 8;

/// Names of members, variables and headers whose values are secrets wherever they appear.
const SECRET_NAMES: &[&str] = &[
    r"passw(or)?d",
    r"passphrase",
    r"secret",
    r"^pin$",
    r"(^|[_\-.\s])pwd$",
    r"token$",
    r"api[_\-]?key",
    r"access[_\-]?key",
    r"private[_\-]?key",
    r"^(proxy-)?authorization$",
    r"^(set-)?cookie$",
    r"credential",
];

/// Texts that are secrets by their form. The first group, if there is one, is what may stay. Word boundaries
/// are those of ASCII, which the fast matchers know in any text.
const SECRET_TEXTS: &[&str] = &[
    // Private keys; the rest of the text belongs to them.
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*)",
    // Authorization headers.
    r"(?i)(?-u:\b)(bearer\s+|basic\s+)[A-Za-z0-9+/._~\-]{8,}=*",
    // JSON web tokens.
    r"(?-u:\b)eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}\.[A-Za-z0-9_\-]*",
    // Keys of services that give them a prefix of their own.
    r"(?-u:\b)(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{16,}",
    r"(?-u:\b)gh[pousr]_[A-Za-z0-9]{20,}",
    r"(?-u:\b)github_pat_[A-Za-z0-9_]{20,}",
    r"(?-u:\b)glpat-[A-Za-z0-9_\-]{16,}",
    r"(?-u:\b)npm_[A-Za-z0-9]{20,}",
    r"(?-u:\b)pypi-[A-Za-z0-9_\-]{20,}",
    r"(?-u:\b)xox[abeprs]-[A-Za-z0-9\-]{10,}",
    r"(?-u:\b)(?:AKIA|ASIA)[A-Z0-9]{16}(?-u:\b)",
    r"(?-u:\b)AIza[A-Za-z0-9_\-]{30,}",
    r"(?-u:\b)AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    // User and password of an address.
    r"(://)[^\s/@]+@",
    // Assignments and parameters of a query.
    r#"(?i)(?-u:\b)((?:[a-z0-9]+[_\-])*(?:password|passwd|passphrase|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key)["']?\s*[=:]\s*["']?)[^\s&;,"']+"#,
];

struct Patterns {
    names: RegexSet,
    /// Whether any pattern is in a text at all, which is seldom so.
    any: RegexSet,
    texts: Vec<Regex>,
}

/// The patterns are constants of this file, so they compile; a test tries each one.
static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let names = SECRET_NAMES.iter().map(|name| format!("(?i){name}"));
    let texts: Result<Vec<_>, _> = SECRET_TEXTS.iter().map(|text| Regex::new(text)).collect();
    Some(Patterns {
        names: RegexSet::new(names).ok()?,
        any: RegexSet::new(SECRET_TEXTS).ok()?,
        texts: texts.ok()?,
    })
});

/// The arguments of a call without the values that the function's schema marks with `"secret": true`.
///
/// Positional arguments are named by the order of the schema's properties.
#[must_use]
pub fn without_secrets(arguments: &Value, export: &Export) -> Value {
    let Some(schema) = &export.parameters else {
        return arguments.clone();
    };
    let by_order: Vec<&Value> = match (export.call, schema.get("properties")) {
        (CallStyle::Positional, Some(Value::Object(properties))) => properties.values().collect(),
        (CallStyle::Positional | CallStyle::Named, _) => Vec::new(),
    };
    match arguments {
        Value::Array(items) if !by_order.is_empty() => {
            let hide = |(index, item): (usize, &Value)| match by_order.get(index) {
                Some(schema) => hidden(item, schema, MAX_DEPTH),
                None => item.clone(),
            };
            Value::Array(items.iter().enumerate().map(hide).collect())
        }
        // A function of named arguments also takes one object, or `name=value` texts.
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(
                    |item| match item.as_str().and_then(|text| text.split_once('=')) {
                        Some((name, _)) if is_secret(property(schema, name)) => {
                            Value::String(format!("{name}={REDACTED}"))
                        }
                        _ => hidden(item, schema, MAX_DEPTH),
                    },
                )
                .collect(),
        ),
        other => hidden(other, schema, MAX_DEPTH),
    }
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties")?.get(name)
}

fn is_secret(schema: Option<&Value>) -> bool {
    schema.and_then(|schema| schema.get("secret")) == Some(&Value::Bool(true))
}

fn hidden(value: &Value, schema: &Value, depth: usize) -> Value {
    if is_secret(Some(schema)) || depth == 0 {
        return Value::String(REDACTED.to_owned());
    }
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| {
                    let member = match property(schema, name) {
                        Some(schema) => hidden(member, schema, depth - 1),
                        None => member.clone(),
                    };
                    (name.clone(), member)
                })
                .collect(),
        ),
        Value::Array(items) => match schema.get("items") {
            Some(schema) => {
                let hide = |item| hidden(item, schema, depth - 1);
                Value::Array(items.iter().map(hide).collect())
            }
            None => value.clone(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A text without secrets, at most so long as an entry's texts are.
pub(crate) fn clean_text(text: &str) -> String {
    // More than what can be kept need not be looked at. What is lost at the end may be half of a secret,
    // which no pattern knows, so some more goes with it.
    let seen = &text[..text.floor_char_boundary(MAX_LOOKED_AT)];
    let clean = redact(seen);
    let whole = match seen.len() == text.len() {
        true => clean.len(),
        false => clean.len().saturating_sub(MAX_SECRET),
    };
    let end = clean.floor_char_boundary(whole.min(MAX_TEXT));
    if end == clean.len() {
        return clean;
    }
    format!("{}… [{} bytes]", &clean[..end], text.len())
}

/// Details without secrets, bounded in size, number and depth.
pub(crate) fn clean(value: Value) -> Value {
    Cleaner {
        nodes: MAX_NODES,
        bytes: MAX_BYTES,
    }
    .clean(value, MAX_DEPTH)
}

struct Cleaner {
    nodes: usize,
    bytes: usize,
}

impl Cleaner {
    fn clean(&mut self, value: Value, depth: usize) -> Value {
        self.nodes = self.nodes.saturating_sub(1);
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => self.array(items, depth),
            Value::Object(members) => self.object(members, depth),
            value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => value,
        }
    }

    fn text(&mut self, text: &str) -> String {
        let clean = clean_text(text);
        if clean.len() > self.bytes {
            return omitted(text.len(), "bytes");
        }
        self.bytes -= clean.len();
        clean
    }

    fn array(&mut self, items: Vec<Value>, depth: usize) -> Value {
        let count = items.len();
        let mut kept = Vec::new();
        for item in items {
            if self.nodes == 0 || depth == 0 {
                kept.push(omitted(count - kept.len(), "items").into());
                break;
            }
            kept.push(self.clean(item, depth - 1));
        }
        Value::Array(kept)
    }

    fn object(&mut self, members: Map<String, Value>, depth: usize) -> Value {
        let count = members.len();
        let mut kept = Map::new();
        for (name, member) in members {
            if self.nodes == 0 || depth == 0 {
                kept.insert(
                    "…".to_owned(),
                    omitted(count - kept.len(), "members").into(),
                );
                break;
            }
            let secret = names_a_secret(&name) && !matches!(member, Value::Null | Value::Bool(_));
            let member = match secret {
                true => Value::String(REDACTED.to_owned()),
                false => self.clean(member, depth - 1),
            };
            kept.insert(self.text(&name), member);
        }
        Value::Object(kept)
    }
}

fn omitted(count: usize, what: &str) -> String {
    format!("[{count} {what} omitted]")
}

fn names_a_secret(name: &str) -> bool {
    match &*PATTERNS {
        Some(patterns) => patterns
            .names
            .is_match(&name[..name.floor_char_boundary(MAX_TEXT)]),
        None => true,
    }
}

fn redact(text: &str) -> String {
    let Some(patterns) = &*PATTERNS else {
        return REDACTED.to_owned();
    };
    let mut clean = text.to_owned();
    for found in patterns.any.matches(text) {
        let replaced =
            patterns.texts[found].replace_all(&clean, |captures: &regex::Captures<'_>| {
                let kept = captures.get(1).map_or("", |kept| kept.as_str());
                let rest = if captures[0].ends_with('@') { "@" } else { "" };
                format!("{kept}{REDACTED}{rest}")
            });
        clean = replaced.into_owned();
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_that_are_secrets_by_their_form_are_taken_out() {
        assert!(PATTERNS.is_some());
        for (text, clean) in [
            (
                "Authorization: Bearer abcdef123456",
                "Authorization: Bearer [redacted]",
            ),
            (
                "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln y",
                "x [redacted] y",
            ),
            ("sk-proj-abcdefghijklmnop1234", "[redacted]"),
            ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[redacted]"),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
            ("https://user:pa55@host/x", "https://[redacted]@host/x"),
            (
                "https://h/?a=1&api_key=xyz&b=2",
                "https://h/?a=1&api_key=[redacted]&b=2",
            ),
            ("DB_PASSWORD='hunter2' run", "DB_PASSWORD='[redacted]' run"),
            ("{\"token\": \"abc\"}", "{\"token\": \"[redacted]\"}"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII\n", "[redacted]"),
            (
                "a plain path /etc/passwd stays",
                "a plain path /etc/passwd stays",
            ),
            ("tokens are words", "tokens are words"),
        ] {
            assert_eq!(clean_text(text), clean);
        }
    }

    #[test]
    fn members_that_name_a_secret_lose_their_value() {
        let clean = clean(json!({
            "user": "u", "password": "p", "Authorization": "x", "nested": [{"apiKey": 7}],
            "github_token": "t", "tokens": 3, "hasPassword": true, "private_key": null
        }));
        assert_eq!(
            clean,
            json!({
                "user": "u", "password": REDACTED, "Authorization": REDACTED,
                "nested": [{"apiKey": REDACTED}], "github_token": REDACTED, "tokens": 3,
                "hasPassword": true, "private_key": null
            })
        );
    }

    #[test]
    fn the_schema_marks_secrets_by_name_and_by_order() {
        let mut export = Export::named("login");
        export.parameters = Some(json!({"type": "object", "properties": {
            "user": {"type": "string"}, "phrase": {"type": "string", "secret": true},
            "more": {"type": "object", "properties": {"x": {"secret": true}}}
        }}));
        assert_eq!(
            without_secrets(&json!(["u", "p", {"x": 1, "y": 2}]), &export),
            json!(["u", REDACTED, {"x": REDACTED, "y": 2}])
        );
        export.call = CallStyle::Named;
        assert_eq!(
            without_secrets(&json!({"user": "u", "phrase": ["p"]}), &export),
            json!({"user": "u", "phrase": REDACTED})
        );
        assert_eq!(
            without_secrets(&json!(["user=u", "phrase=p", {"phrase": "p"}]), &export),
            json!(["user=u", format!("phrase={REDACTED}"), {"phrase": REDACTED}])
        );
    }

    #[test]
    fn size_number_and_depth_are_bounded() {
        let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
        let wide: Vec<_> = (0..10_000).collect();
        let long = "é".repeat(100_000);
        let members: Map<_, _> = (0..1000).map(|n| (format!("m{n}"), json!(long))).collect();
        for value in [
            deep,
            json!(wide),
            json!(long),
            json!(members),
            json!([long, long, long]),
        ] {
            let length = clean(value).to_string().len();
            assert!(length < 16 << 10, "{length}");
        }
        assert_eq!(
            clean_text(&"x".repeat(600)),
            format!("{}… [600 bytes]", "x".repeat(512))
        );
    }

    #[test]
    fn no_half_of_a_secret_survives_the_cut() {
        let text = format!("{}ghp_{}", "x ".repeat(250), "a".repeat(36));
        assert!(!clean_text(&text).contains("ghp_"));
    }
}
