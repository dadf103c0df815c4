//! A skill's name, parsed once.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Serialize;

/// A skill's name: 1 to 64 of `a-z`, `0-9` and `-`, neither starting nor ending with a hyphen.
///
/// The rule is the Agent Skills specification's, so that a name is also a safe folder name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SkillName(Box<str>);

/// Why a text is not a skill name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The name is empty or has more than 64 characters.
    #[error("a name has 1 to 64 characters, this one has {0}")]
    Length(usize),
    /// A character is not a lower-case letter, digit or hyphen.
    #[error("a name has only lower-case letters, digits and hyphens, not {0:?}")]
    Character(char),
    /// The name starts or ends with a hyphen.
    #[error("a name neither starts nor ends with a hyphen")]
    EdgeHyphen,
}

impl SkillName {
    /// The longest name, in characters.
    pub const MAX_LEN: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SkillName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let length = text.chars().count();
        if length == 0 || length > Self::MAX_LEN {
            return Err(InvalidName::Length(length));
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'))
        {
            return Err(InvalidName::Character(bad));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(InvalidName::EdgeHyphen);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for SkillName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<SkillName> for String {
    fn from(name: SkillName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for SkillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl JsonSchema for SkillName {
    fn schema_name() -> Cow<'static, str> {
        "SkillName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": Self::MAX_LEN,
            "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_alphabet_and_refuses_everything_else() {
        for good in ["a", "hello-world", "x1", &"a".repeat(64)] {
            assert_eq!(good.parse::<SkillName>().unwrap().as_str(), good);
        }
        for (bad, why) in [
            ("", InvalidName::Length(0)),
            (&"a".repeat(65), InvalidName::Length(65)),
            ("../etc", InvalidName::Character('.')),
            ("Hello", InvalidName::Character('H')),
            ("-a", InvalidName::EdgeHyphen),
            ("a-", InvalidName::EdgeHyphen),
        ] {
            assert_eq!(bad.parse::<SkillName>().unwrap_err(), why, "{bad:?}");
        }
    }
}
