//! What a skill's function is called as a tool.

use std::collections::HashSet;

use mycelium_protocol::control::ToolPrefix;
use sha2::Digest as _;
use sha2::Sha256;

/// The longest name that models take, in characters, with what clients put before it.
const MAX_NAME: usize = 64;
/// Hexadecimal digits that tell apart what would be one name.
const MARK: usize = 8;

/// Gives every function a name that no other one has. The same functions in the same order get the same
/// names.
#[derive(Debug)]
pub(crate) struct Names {
    given: HashSet<String>,
    /// The longest one, in characters.
    longest: usize,
}

impl Names {
    /// Names that have room behind `prefix`, but for those that nobody gets.
    pub(crate) fn behind(prefix: &ToolPrefix, reserved: &[&str]) -> Self {
        Self {
            given: reserved.iter().map(|name| (*name).to_owned()).collect(),
            longest: MAX_NAME - prefix.as_str().len(),
        }
    }

    /// The name of a skill's function: `SKILL_METHOD` where that is a name and still free, else as much
    /// of it as there is room for and a mark made of all of it.
    pub(crate) fn give(&mut self, skill: &str, method: &str) -> String {
        let whole = format!("{skill}_{method}");
        let clean: String = whole
            .chars()
            .map(|char| match char {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => char,
                _ => '_',
            })
            .collect();
        let mut name = match clean == whole && clean.len() <= self.longest {
            true => clean.clone(),
            false => self.marked(&clean, &whole),
        };
        let mut attempt = 0;
        while !self.given.insert(name.clone()) {
            attempt += 1;
            name = self.marked(&clean, &format!("{whole}#{attempt}"));
        }
        name
    }

    fn marked(&self, clean: &str, whole: &str) -> String {
        let digest = Sha256::digest(whole);
        let mark: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let room = clean.len().min(self.longest - MARK - 1);
        format!("{}_{}", &clean[..room], &mark[..MARK])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(prefix: &str) -> Names {
        Names::behind(&prefix.parse().unwrap(), &["skill_run"])
    }

    #[test]
    fn a_plain_name_stays_as_it_is() {
        assert_eq!(
            names("mcp__mycelium__").give("hello-world", "greet"),
            "hello-world_greet"
        );
    }

    #[test]
    fn a_longer_prefix_only_changes_names_that_have_no_room() {
        let method = "x".repeat(64 - "mcp__mycelium__a_".len());
        let whole = format!("a_{method}");
        assert_eq!(names("mcp__mycelium__").give("a", &method), whole);
        let prefix = "mcp__plugin_mycelium_mycelium__";
        let mut behind = names(prefix);
        let short = behind.give("a", &method);
        assert_eq!(prefix.len() + short.len(), 64);
        assert!(whole.starts_with(&short[..short.len() - MARK - 1]));
        assert_eq!(behind.give("a", "b"), "a_b");
        assert_eq!(names("").give("a", &method), whole);
    }

    #[test]
    fn names_that_would_be_one_are_told_apart_and_stay_the_same() {
        let given = || {
            let mut names = names("mcp__mycelium__");
            [
                names.give("skill", "run"),
                names.give("a", "b$"),
                names.give("a", "bä"),
                names.give(&"x".repeat(64), "one"),
                names.give(&"x".repeat(64), "two"),
            ]
        };
        let names = given();
        assert_eq!(names, given());
        assert!(names[0].starts_with("skill_run_"));
        assert!(names[1].starts_with("a_b_"));
        let distinct: HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    proptest! {
        #[test]
        fn every_name_is_short_and_of_the_allowed_characters(
            prefix in "[a-z_]{0,40}",
            skill in "[a-z0-9-]{1,64}",
            method in ".{1,80}",
        ) {
            let name = names(&prefix).give(&skill, &method);
            prop_assert!(prefix.len() + name.len() <= MAX_NAME);
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'));
        }
    }
}
