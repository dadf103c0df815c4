//! Semantic versions and the ranges that select them, in npm's grammar.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Serialize;

/// A semantic version such as `1.4.0-rc.1`. Ordered as semver.org says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(nodejs_semver::Version);

/// A set of versions, in the grammar npm uses: `^1.2`, `>=1 <3`, `1.x || 2.x`, `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionRange {
    text: Box<str>,
    range: nodejs_semver::Range,
}

/// The text is neither a version nor a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {expected}")]
pub struct InvalidVersion {
    text: String,
    expected: &'static str,
}

/// The longest version or range read: npm's own bound.
const MAX_LEN: usize = 256;

impl Version {
    /// `0.0.0`, the version of what says none.
    #[must_use]
    pub fn zero() -> Self {
        Self(nodejs_semver::Version::from((0_u64, 0, 0)))
    }

    /// Whether the version has a pre-release part, so that only ranges naming it select it.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        self.0.is_prerelease()
    }
}

impl VersionRange {
    /// The range that every release is in.
    #[must_use]
    pub fn any() -> Self {
        Self {
            text: "*".into(),
            range: nodejs_semver::Range::any(),
        }
    }

    /// Whether `version` is in the range. A pre-release is only in a range that names it.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        self.range.satisfies(&version.0)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        // npm reads a leading `v`, spaces and trailing parts leniently; a manifest's version is exact.
        (text.len() <= MAX_LEN)
            .then(|| nodejs_semver::Version::parse(text).ok())
            .flatten()
            .filter(|version| version.to_string() == text)
            .map(Self)
            .ok_or_else(|| InvalidVersion {
                text: excerpt(text),
                expected: "semantic version (such as 1.0.0)",
            })
    }
}

impl FromStr for VersionRange {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let range = (text.len() <= MAX_LEN)
            .then(|| nodejs_semver::Range::parse(text).ok())
            .flatten();
        range
            .map(|range| Self {
                text: text.into(),
                range,
            })
            .ok_or_else(|| InvalidVersion {
                text: excerpt(text),
                expected: "version range (such as ^1.2.0)",
            })
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for VersionRange {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<VersionRange> for String {
    fn from(range: VersionRange) -> Self {
        range.text.into()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The grammar of semver.org 2.0.0: no leading zeros, no empty parts.
const SEMVER: &str = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$";

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A semantic version.",
            "maxLength": MAX_LEN,
            "pattern": SEMVER
        })
    }
}

impl JsonSchema for VersionRange {
    fn schema_name() -> Cow<'static, str> {
        "VersionRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A version range in npm's grammar, such as ^1.2.0." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_selects() {
        let old: Version = "1.9.0".parse().unwrap();
        let new: Version = "1.10.0".parse().unwrap();
        assert!(old < new);
        let caret: VersionRange = "^1.2 || 3.x".parse().unwrap();
        assert!(caret.contains(&new));
        assert!(!caret.contains(&"2.0.0".parse().unwrap()));
        assert!(!VersionRange::any().contains(&"1.0.0-rc.1".parse().unwrap()));
    }

    #[test]
    fn refuses_what_is_not_exact() {
        for bad in [
            "latest",
            "",
            "v1.0.0",
            "1.0",
            "1",
            "1.0.0.0",
            &"9".repeat(400),
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }
}
