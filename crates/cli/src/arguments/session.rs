//! The names that people and agents give to sessions.

use std::fmt;
use std::str::FromStr;

use mycelium_types::Locale;
use mycelium_types::Message;
use serde::Serialize;

/// The longest name, in characters.
const LONGEST: usize = 100;

/// The name of a session: nothing in it means anything to a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct SessionName(String);

impl SessionName {
    /// The name for a conversation that Claude Code knows as `id`.
    ///
    /// # Errors
    /// What a name is made of, if it would be none.
    pub(crate) fn of_claude_code(id: &str) -> Result<Self, String> {
        format!("claude-{id}").parse()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_meant = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        match !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_meant) {
            true => Ok(Self(text.to_owned())),
            false => Err(Message::new("usage-session-name")
                .with("longest", LONGEST)
                .render(Locale::default())),
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nothing_that_a_shell_reads() {
        let longest = "x".repeat(LONGEST);
        for name in ["a", "release-7", "A.b_c", &longest] {
            assert_eq!(name.parse::<SessionName>().unwrap().as_str(), name);
        }
        let longer = "x".repeat(LONGEST + 1);
        for name in ["", "a b", "$(id)", "a;b", "a\nb", "é", "a/b", &longer] {
            assert!(name.parse::<SessionName>().is_err(), "{name}");
        }
        let named = SessionName::of_claude_code("0a1b-2c").unwrap();
        assert_eq!(named.to_string(), "claude-0a1b-2c");
        assert!(SessionName::of_claude_code("`id`").is_err());
    }
}
