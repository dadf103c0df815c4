//! One entry: a line of JSON that carries the hash of the line before and its own.

use std::fmt::Write as _;

use mycelium_types::Digest;
use mycelium_types::Timestamp;
use mycelium_types::is_unprintable;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::event::Level;
use crate::event::Record;
use crate::event::Subject;
use crate::redaction;

/// The most bytes of a line, its line break included. Details are bounded so that no entry has more.
pub const MAX_LINE: usize = 64 << 10;

/// What the last field of a line begins with.
const HASH_FIELD: &str = ",\"hash\":\"";
/// What comes after the hashed part of a line: the field, 64 digits, and the end of string and object.
const SEAL: usize = HASH_FIELD.len() + 64 + 2;

/// One entry, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1, without gaps over all files.
    pub sequence: u64,
    /// When it was recorded.
    pub time: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// What kind of event it is.
    pub kind: String,
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// What happened.
    pub detail: Value,
    /// The hash of the entry before.
    pub previous: Digest,
    /// The SHA-256 of this entry's line before this field.
    pub hash: Digest,
}

/// Where a chain ends: the number and hash of its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) sequence: u64,
    pub(crate) hash: Digest,
}

impl Tail {
    /// The end of a chain without entries.
    pub(crate) fn empty() -> Self {
        Self {
            sequence: 0,
            hash: Digest::of(b""),
        }
    }
}

/// An entry without its place in the chain, ready to get one: the text of its fields.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    fields: String,
    pub(crate) level: Level,
    pub(crate) time: Timestamp,
}

#[derive(Serialize)]
struct Fields<'a> {
    time: Timestamp,
    level: Level,
    kind: &'a str,
    #[serde(flatten)]
    subject: &'a Subject,
    detail: Value,
}

impl Body {
    /// The body of a record, without secrets and bounded.
    pub(crate) fn of(record: &Record) -> Self {
        let subject = Subject {
            workspace: record
                .subject
                .workspace
                .as_deref()
                .map(redaction::clean_text),
            session: record.subject.session.as_deref().map(redaction::clean_text),
            correlation_id: record
                .subject
                .correlation_id
                .as_deref()
                .map(redaction::clean_text),
            ..record.subject.clone()
        };
        let mut event = serde_json::to_value(&record.event).unwrap_or_default();
        let detail = redaction::clean(event["detail"].take());
        let kind = event["kind"].as_str().unwrap_or_default();
        Self::new(record.event.level(), kind, &subject, detail)
    }

    /// The body of an entry that the log makes about itself.
    pub(crate) fn own(level: Level, kind: &str, detail: Value) -> Self {
        Self::new(level, kind, &Subject::default(), detail)
    }

    fn new(level: Level, kind: &str, subject: &Subject, detail: Value) -> Self {
        let time = Timestamp::now();
        let fields = Fields {
            time,
            level,
            kind,
            subject,
            detail,
        };
        // Texts, numbers and text keys: there is nothing in it that JSON cannot write.
        let text = serde_json::to_string(&fields).unwrap_or_default();
        let inner = text.trim_start_matches('{');
        Self {
            fields: escaped(inner.strip_suffix('}').unwrap_or(inner)),
            level,
            time,
        }
    }

    /// The entry's line, behind `tail`, and the tail it makes.
    pub(crate) fn chained(&self, tail: Tail) -> (String, Tail) {
        let sequence = tail.sequence + 1;
        let mut line = format!(
            "{{\"sequence\":{sequence},{},\"previous\":\"{}\"",
            self.fields, tail.hash
        );
        let hash = Digest::of(line.as_bytes());
        // Writing to a `String` cannot fail.
        let _ = writeln!(line, "{HASH_FIELD}{hash}\"}}");
        (line, Tail { sequence, hash })
    }
}

/// Why a line is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsealed {
    /// It is not an entry's JSON at all.
    Malformed,
    /// It is one, and its hash is another's.
    Changed {
        /// The number it says it has.
        sequence: u64,
    },
}

/// Reads a line, without its line break, and checks its own hash.
pub(crate) fn unseal(line: &[u8]) -> Result<Entry, Unsealed> {
    let entry = read(line).ok_or(Unsealed::Malformed)?;
    let content = &line[..line.len().saturating_sub(SEAL)];
    let sealed = format!("{HASH_FIELD}{}\"}}", entry.hash);
    if Digest::of(content) != entry.hash || line[content.len()..] != *sealed.as_bytes() {
        return Err(Unsealed::Changed {
            sequence: entry.sequence,
        });
    }
    Ok(entry)
}

/// Reads a line without asking whether it was changed.
pub(crate) fn read(line: &[u8]) -> Option<Entry> {
    serde_json::from_slice(line).ok()
}

/// Escapes what a terminal obeys, so that the file can be looked at. In JSON such characters are only ever
/// inside of strings, where the escape means the same.
fn escaped(json: &str) -> String {
    if !json.contains(is_unprintable) {
        return json.to_owned();
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_unprintable(character) {
            // All of them have one unit in UTF-16.
            let _ = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AuditEvent;
    use crate::event::Outcome;
    use serde_json::json;

    fn body(method: &str) -> Body {
        Body::of(&Record {
            subject: Subject {
                workspace: Some(method.to_owned()),
                session: Some(method.to_owned()),
                skill: Some("demo".parse().unwrap()),
                correlation_id: Some(method.to_owned()),
                ..Subject::default()
            },
            event: AuditEvent::Call {
                method: method.to_owned(),
                arguments: json!([method, {"password": method}]),
                outcome: Outcome::Done,
                attempts: 1,
                milliseconds: 1.5,
            },
        })
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let (line, tail) = body("greet").chained(Tail::empty());
        let entry = unseal(line.trim_end().as_bytes()).unwrap();
        assert_eq!((entry.sequence, entry.hash), (1, tail.hash));
        assert_eq!(entry.previous, Tail::empty().hash);
        assert_eq!(entry.kind, "call");
        assert_eq!(entry.subject.skill.unwrap().as_str(), "demo");
        assert_eq!(
            entry.detail["arguments"][1]["password"],
            redaction::REDACTED
        );
        assert_eq!(entry.detail["outcome"], "OK");
    }

    #[test]
    fn hostile_texts_stay_on_one_bounded_line() {
        for text in [
            "a\nb\r\u{1b}[2J\u{9b}2J\u{202e}\u{2028}\u{7f}\0".to_owned(),
            "\"}\n{\"sequence\":1".to_owned(),
            "\u{1}".repeat(1 << 20),
            "\u{202e}".repeat(1 << 20),
        ] {
            let (line, _) = body(&text).chained(Tail::empty());
            assert_eq!(line.matches('\n').count(), 1);
            assert!(line.len() <= MAX_LINE, "{}", line.len());
            assert!(!line.trim_end_matches('\n').contains(is_unprintable));
            unseal(line.trim_end().as_bytes()).unwrap();
        }
    }

    #[test]
    fn a_changed_line_is_seen() {
        let (line, _) = body("greet").chained(Tail::empty());
        let changed = line.trim_end().replace("greet", "great");
        assert_eq!(
            unseal(changed.as_bytes()),
            Err(Unsealed::Changed { sequence: 1 })
        );
        let spaced = line.trim_end().replace("\"}", "\" }");
        assert!(unseal(spaced.as_bytes()).is_err());
        for broken in [
            "",
            "{}",
            "null",
            "\u{0}",
            &line[1..],
            &line[..line.len() / 2],
        ] {
            assert_eq!(unseal(broken.as_bytes()), Err(Unsealed::Malformed));
        }
    }
}
