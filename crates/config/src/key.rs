//! The keys there are, taken from the schema so that the two cannot differ.

use std::sync::LazyLock;

use mycelium_policy::GRANT_PATTERN;
use mycelium_policy::GrantPattern;
use mycelium_types::LimitOverrides;
use mycelium_types::Message;
use mycelium_types::Node;
use mycelium_types::NodeValue;
use mycelium_types::document_schema;
use mycelium_types::nearest;
use mycelium_types::printable;
use serde_json::Number;
use serde_json::Value;

use crate::configuration::configuration_schema;

/// One setting that has a name of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The names on the way to it, such as `security` and `maxMemoryMB`.
    pub path: Vec<String>,
    /// What it sets, in which unit, and its default in words.
    pub description: String,
    /// What values it has.
    pub kind: KeyKind,
    /// Its default; null if it has none.
    pub default: Value,
}

/// What values a key has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// One of some words; where it makes a difference, the strictest is the last.
    Choice(Vec<String>),
    /// A list of strings that say something.
    List,
    /// A list of what may be granted. Each layer has one of its own, and all of them count.
    Grants,
}

/// All keys, section by section; those of single skills are not among them.
#[must_use]
pub fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let mut keys = Vec::new();
        SECTIONS.collect(&mut keys);
        keys
    });
    &KEYS
}

/// The object a file is.
pub(crate) static SECTIONS: LazyLock<Section> = LazyLock::new(|| {
    let schema = configuration_schema();
    Section::of_schema(&schema, &schema, &[])
});

/// The object `limits` of one skill.
pub(crate) static LIMITS: LazyLock<Section> = LazyLock::new(|| {
    let schema = document_schema::<LimitOverrides>("limits");
    Section::of_schema(&schema, &schema, &[])
});

/// An object whose names are ours.
pub(crate) struct Section {
    entries: Vec<(String, SectionEntry)>,
}

/// What can be in a section.
pub(crate) enum SectionEntry {
    Key(Key),
    Section(Section),
    /// Settings of single skills, by name.
    Skills,
    /// MCP servers, by name.
    Servers,
    /// Where editors find the schema; it sets nothing.
    Schema,
}

impl Section {
    /// The entry `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&SectionEntry> {
        let found = self.entries.iter().find(|(known, _)| known == name);
        found.map(|(_, entry)| entry)
    }

    /// The names of all entries.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn of_schema(root: &Value, schema: &Value, path: &[String]) -> Self {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let entries = properties.filter_map(|(name, property)| {
            let target = property["$ref"]
                .as_str()
                .and_then(|reference| root.pointer(reference.trim_start_matches('#')))
                .unwrap_or(property);
            let path = [path, std::slice::from_ref(name)].concat();
            let entry = if name == "$schema" {
                SectionEntry::Schema
            } else if target.get("properties").is_some() {
                SectionEntry::Section(Self::of_schema(root, target, &path))
            } else if target.get("propertyNames").is_some() {
                SectionEntry::Skills
            } else if target["type"] == "object" {
                SectionEntry::Servers
            } else {
                SectionEntry::Key(Key {
                    path,
                    description: property["description"].as_str()?.to_owned(),
                    kind: KeyKind::of_schema(target)?,
                    default: property["default"].clone(),
                })
            };
            Some((name.clone(), entry))
        });
        Self {
            entries: entries.collect(),
        }
    }

    fn collect(&self, keys: &mut Vec<Key>) {
        for (_, entry) in &self.entries {
            match entry {
                SectionEntry::Key(key) => keys.push(key.clone()),
                SectionEntry::Section(section) => section.collect(keys),
                SectionEntry::Skills | SectionEntry::Servers | SectionEntry::Schema => {}
            }
        }
    }
}

impl KeyKind {
    fn of_schema(schema: &Value) -> Option<Self> {
        let described = schema["oneOf"].as_array().into_iter().flatten();
        let constants = described.map(|one| &one["const"]);
        let listed = schema["enum"].as_array().into_iter().flatten();
        let words: Vec<_> = constants
            .chain(listed)
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if !words.is_empty() {
            return Some(Self::Choice(words));
        }
        match schema["type"].as_str()? {
            "boolean" => Some(Self::Flag),
            "integer" => Some(Self::Whole {
                min: schema["minimum"].as_u64().unwrap_or(0),
                max: schema["maximum"].as_u64().unwrap_or(u64::MAX),
            }),
            "array" if schema["items"]["pattern"] == GRANT_PATTERN => Some(Self::Grants),
            "array" => Some(Self::List),
            _ => None,
        }
    }
}

impl Key {
    /// The key as it is written: its names joined by dots.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// The environment variable that sets it: `MYCELIUM_` and its names in capitals, joined by
    /// underscores, with an underscore before each capital that follows a small letter.
    ///
    /// ```
    /// let key = mycelium_config::keys()
    ///     .iter()
    ///     .find(|key| key.name() == "security.maxMemoryMB")
    ///     .unwrap();
    /// assert_eq!(key.variable(), "MYCELIUM_SECURITY_MAX_MEMORY_MB");
    /// ```
    #[must_use]
    pub fn variable(&self) -> String {
        let mut variable = String::from(VARIABLE_PREFIX);
        for (index, name) in self.path.iter().enumerate() {
            if index > 0 {
                variable.push('_');
            }
            let mut after_small = false;
            for c in name.chars() {
                if after_small && c.is_ascii_uppercase() {
                    variable.push('_');
                }
                after_small = c.is_ascii_lowercase();
                variable.push(c.to_ascii_uppercase());
            }
        }
        variable
    }

    /// The value that `text` means for this key; what it cannot mean stays text, for `accept` to
    /// refuse. Folders are separated by colons, as in `PATH`, and what has colons itself by commas.
    pub(crate) fn value_of_text(&self, text: &str) -> Value {
        let meant = match self.kind {
            KeyKind::Flag => match text {
                "true" | "1" => Some(true.into()),
                "false" | "0" => Some(false.into()),
                _ => None,
            },
            KeyKind::Whole { .. } => text.trim().parse::<Number>().ok().map(Value::Number),
            KeyKind::Choice(_) => None,
            KeyKind::List | KeyKind::Grants => {
                let separator = if self.path == ["skillPaths"] {
                    ':'
                } else {
                    ','
                };
                let parts = text.split(separator).map(str::trim);
                Some(parts.filter(|part| !part.is_empty()).collect())
            }
        };
        meant.unwrap_or_else(|| text.into())
    }

    /// The value in its normal form, or what is wrong with it.
    pub(crate) fn accept(&self, node: &Node) -> Result<Value, Message> {
        let wrong_type = |expected: &str| match node.kind() {
            "null" => Message::new("field-null"),
            found => Message::new("field-wrong-type")
                .with("expected", expected)
                .with("found", found),
        };
        match (&self.kind, &node.value) {
            (KeyKind::Flag, NodeValue::Bool(value)) => Ok((*value).into()),
            (KeyKind::Flag, _) => Err(wrong_type("bool")),
            (KeyKind::Whole { min, max }, _) => {
                let number = node
                    .whole_number()
                    .ok_or_else(|| wrong_type("whole-number"))?;
                u64::try_from(number)
                    .ok()
                    .filter(|number| (min..=max).contains(&number))
                    .map(Value::from)
                    .ok_or_else(|| {
                        Message::new("value-out-of-range")
                            .with("value", number)
                            .with("range", if *max == u64::MAX { "from" } else { "between" })
                            .with("min", min)
                            .with("max", max)
                    })
            }
            (KeyKind::Choice(words), NodeValue::Text(text)) => {
                if words.contains(text) {
                    return Ok(text.as_str().into());
                }
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                let suggestion = nearest(text, words.iter().copied()).unwrap_or("none");
                Err(Message::new("value-unknown")
                    .with("value", printable(text))
                    .with("suggestion", suggestion)
                    .with("known", words.join(", ")))
            }
            (KeyKind::Choice(_), _) => Err(wrong_type("text")),
            (KeyKind::List, NodeValue::List(items)) => {
                let texts: Option<Vec<_>> = items.iter().map(saying_text).collect();
                texts.map(Value::from).ok_or_else(|| {
                    Message::new("field-wrong-type")
                        .with("expected", "list-of-text")
                        .with("found", "mixed-list")
                })
            }
            (KeyKind::Grants, NodeValue::List(items)) => {
                let texts = items.iter().map(|item| match &item.value {
                    NodeValue::Text(text) if text.parse::<GrantPattern>().is_ok() => {
                        Ok(text.as_str())
                    }
                    NodeValue::Text(text) => {
                        Err(Message::new("config-grant").with("value", printable(text)))
                    }
                    NodeValue::Null
                    | NodeValue::Bool(_)
                    | NodeValue::Number(_)
                    | NodeValue::List(_)
                    | NodeValue::Object(_) => Err(Message::new("field-wrong-type")
                        .with("expected", "list-of-text")
                        .with("found", "mixed-list")),
                });
                texts.collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            (KeyKind::List | KeyKind::Grants, _) => Err(wrong_type("list-of-text")),
        }
    }
}

/// What the variables of all keys start with.
pub const VARIABLE_PREFIX: &str = "MYCELIUM_";

fn saying_text(node: &Node) -> Option<&str> {
    match &node.value {
        NodeValue::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}
