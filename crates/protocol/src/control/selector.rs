//! Which skill somebody means.

use std::fmt;
use std::str::FromStr;

use mycelium_types::SkillName;
use mycelium_types::VersionRange;
use serde::Deserialize;
use serde::Serialize;

/// Which skill: a name and, if it matters, a range of versions. Written `name` or `name@range`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SkillSelector {
    /// The name.
    pub name: SkillName,
    /// The versions; the newest one known if absent.
    pub range: Option<VersionRange>,
}

/// The text is not `name` or `name@range`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelector {
    /// The part before the `@`.
    #[error("{text:?} names no skill: {reason}")]
    Name {
        /// The text.
        text: String,
        /// What is wrong with it.
        #[source]
        reason: mycelium_types::InvalidName,
    },
    /// The part after the `@`.
    #[error(transparent)]
    Range(#[from] mycelium_types::InvalidVersion),
}

impl FromStr for SkillSelector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let (name, range) = match text.split_once('@') {
            Some((name, range)) => (name, Some(range.parse()?)),
            None => (text, None),
        };
        let name = name.parse().map_err(|reason| InvalidSelector::Name {
            text: name.chars().take(80).collect(),
            reason,
        })?;
        Ok(Self { name, range })
    }
}

impl From<SkillName> for SkillSelector {
    fn from(name: SkillName) -> Self {
        Self { name, range: None }
    }
}

impl TryFrom<String> for SkillSelector {
    type Error = InvalidSelector;

    fn try_from(text: String) -> Result<Self, InvalidSelector> {
        text.parse()
    }
}

impl From<SkillSelector> for String {
    fn from(selector: SkillSelector) -> Self {
        selector.to_string()
    }
}

impl fmt::Display for SkillSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.range {
            Some(range) => write!(f, "{}@{range}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}
