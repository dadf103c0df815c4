//! One value being read, and the ways to read it.
//!
//! Every way gives the value, or adds an error and gives nothing, so that a reader goes on to the
//! next field and all errors are told in one run.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use crate::FieldPath;
use crate::Findings;
use crate::Message;
use crate::Node;
use crate::NodeValue;
use crate::manifest::text;
use crate::nearest;
use crate::printable;

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) node: &'p Node,
    pub(super) path: &'p FieldPath<'p>,
}

/// Values that a manifest writes as one of a few words.
pub(super) trait Choice: Copy + 'static {
    /// Every word and what it means.
    const CHOICES: &'static [(&'static str, Self)];
}

impl<'p> Place<'p> {
    /// Adds an error about the value.
    pub(super) fn error(self, findings: &mut Findings<'_>, message: Message) {
        findings.error(self.node.offset, self.path, message);
    }

    /// Adds a warning about the value.
    pub(super) fn warning(self, findings: &mut Findings<'_>, message: Message) {
        findings.warning(self.node.offset, self.path, message);
    }

    /// Says that the value is of the wrong kind; `expected` is a word of the catalogue.
    pub(super) fn wrong_type(self, findings: &mut Findings<'_>, expected: &str) {
        let message = match self.node.kind() {
            "null" => Message::new("field-null"),
            found => Message::new("field-wrong-type")
                .with("expected", expected)
                .with("found", found),
        };
        self.error(findings, message);
    }

    /// A string, whatever it says.
    pub(super) fn text(self, findings: &mut Findings<'_>) -> Option<&'p str> {
        if let NodeValue::Text(text) = &self.node.value {
            return Some(text);
        }
        self.wrong_type(findings, "text");
        None
    }

    fn shown_text(self, findings: &mut Findings<'_>, fits: fn(char) -> bool) -> Option<String> {
        let text = self.text(findings)?;
        if text.trim().is_empty() {
            self.error(findings, Message::new("text-empty"));
            return None;
        }
        if let Some(odd) = text.chars().find(|c| !fits(*c)) {
            let code = format!("U+{:04X}", u32::from(odd));
            self.error(
                findings,
                Message::new("text-unprintable").with("character", code),
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A string that a type parses; `key` is the error's text for one that it does not.
    pub(super) fn parsed<T: FromStr>(self, findings: &mut Findings<'_>, key: &str) -> Option<T> {
        let text = self.text(findings)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.error(findings, invalid(key, text));
        }
        value
    }

    /// A string that has a form; `key` is the error's text for one that has not.
    pub(super) fn formed(
        self,
        findings: &mut Findings<'_>,
        fits: impl FnOnce(&str) -> bool,
        key: &str,
    ) -> Option<String> {
        let text = self.text(findings)?;
        if fits(text) {
            return Some(text.to_owned());
        }
        self.error(findings, invalid(key, text));
        None
    }

    /// A list; what is wrong with an item is reported and the item left out.
    pub(super) fn list<T>(
        self,
        findings: &mut Findings<'_>,
        mut read: impl FnMut(Place<'_>, &mut Findings<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let NodeValue::List(items) = &self.node.value else {
            self.wrong_type(findings, "list");
            return None;
        };
        let item = |(index, node)| {
            let path = self.path.item(index);
            read(Place { node, path: &path }, findings)
        };
        Some(items.iter().enumerate().filter_map(item).collect())
    }

    /// A list with at least one item.
    pub(super) fn filled_list<T>(
        self,
        findings: &mut Findings<'_>,
        read: impl FnMut(Place<'_>, &mut Findings<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        if matches!(&self.node.value, NodeValue::List(items) if items.is_empty()) {
            self.error(findings, Message::new("list-empty"));
            return None;
        }
        self.list(findings, read)
    }

    /// An object whose names are the author's.
    pub(super) fn map<T>(
        self,
        findings: &mut Findings<'_>,
        mut read: impl FnMut(&str, Place<'_>, &mut Findings<'_>) -> Option<T>,
    ) -> Option<BTreeMap<String, T>> {
        let NodeValue::Object(members) = &self.node.value else {
            self.wrong_type(findings, "object");
            return None;
        };
        let mut map = BTreeMap::new();
        for member in members {
            let path = self.path.member(&member.name);
            let place = Place {
                node: &member.node,
                path: &path,
            };
            if let Some(value) = read(&member.name, place, findings) {
                map.insert(member.name.clone(), value);
            }
        }
        Some(map)
    }
}

/// A boolean.
pub(super) fn flag(place: Place<'_>, findings: &mut Findings<'_>) -> Option<bool> {
    if let NodeValue::Bool(value) = place.node.value {
        return Some(value);
    }
    place.wrong_type(findings, "bool");
    None
}

/// One line of text that says something.
pub(super) fn line(place: Place<'_>, findings: &mut Findings<'_>) -> Option<String> {
    place.shown_text(findings, text::is_shown_in_line)
}

/// Text that says something and may have several lines.
pub(super) fn prose(place: Place<'_>, findings: &mut Findings<'_>) -> Option<String> {
    place.shown_text(findings, text::is_shown_in_prose)
}

/// One of a few words.
pub(super) fn choice<T: Choice>(place: Place<'_>, findings: &mut Findings<'_>) -> Option<T> {
    let text = place.text(findings)?;
    let found = T::CHOICES.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let words: Vec<_> = T::CHOICES.iter().map(|(word, _)| *word).collect();
        place.error(findings, unknown_value(text, &words));
    }
    found.map(|(_, value)| *value)
}

/// An object with whatever is in it.
pub(super) fn object(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Value> {
    if let NodeValue::Object(_) = place.node.value {
        return Some(place.node.to_json());
    }
    place.wrong_type(findings, "object");
    None
}

/// The text of `key` about the value `text`.
pub(super) fn invalid(key: &str, text: &str) -> Message {
    Message::new(key).with("value", printable(text))
}

/// Says that `text` is none of `words`.
pub(super) fn unknown_value(text: &str, words: &[&str]) -> Message {
    let suggestion = nearest(text, words.iter().copied()).unwrap_or("none");
    Message::new("value-unknown")
        .with("value", printable(text))
        .with("suggestion", suggestion)
        .with("known", words.join(", "))
}
