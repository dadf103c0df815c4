//! What agents put before the names of tools.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

/// What an agent's client puts before the name of each tool of a server, as in `mcp__mycelium__NAME`: up to
/// [`Self::MAX_LENGTH`] visible characters of ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolPrefix(String);

/// The text is nothing that names can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has up to {} visible characters of ASCII", ToolPrefix::MAX_LENGTH)]
pub struct InvalidToolPrefix;

impl ToolPrefix {
    /// The longest prefix, in characters: what is left of 64 has room for a name.
    pub const MAX_LENGTH: usize = 40;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ToolPrefix {
    /// That of Claude Code, where the server is called `mycelium`.
    fn default() -> Self {
        Self("mcp__mycelium__".to_owned())
    }
}

impl FromStr for ToolPrefix {
    type Err = InvalidToolPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidToolPrefix> {
        let is_meant = |byte: u8| byte.is_ascii_graphic();
        match text.len() <= Self::MAX_LENGTH && text.bytes().all(is_meant) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidToolPrefix),
        }
    }
}

impl TryFrom<String> for ToolPrefix {
    type Error = InvalidToolPrefix;

    fn try_from(text: String) -> Result<Self, InvalidToolPrefix> {
        text.parse()
    }
}

impl From<ToolPrefix> for String {
    fn from(prefix: ToolPrefix) -> Self {
        prefix.0
    }
}

impl fmt::Display for ToolPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_room_for_a_name() {
        let longest = "x".repeat(ToolPrefix::MAX_LENGTH);
        for prefix in ["", "mcp__plugin_mycelium_mycelium__", "a.b:", &longest] {
            assert_eq!(prefix.parse::<ToolPrefix>().unwrap().as_str(), prefix);
        }
        let longer = format!("{longest}x");
        for prefix in ["a b", "a\n", "é", &longer] {
            assert!(prefix.parse::<ToolPrefix>().is_err(), "{prefix}");
            let read = serde_json::from_value::<ToolPrefix>(prefix.into());
            assert!(read.is_err(), "{prefix}");
        }
        assert_eq!(ToolPrefix::default().to_string(), "mcp__mycelium__");
    }
}
