//! What a skill's function is called as a tool.

use std::collections::HashSet;

use sha2::Digest as _;
use sha2::Sha256;

/// The longest name, in characters. Clients put the server's name before it, as in `mcp__mycelium__NAME`,
/// and models take 64 in all.
const MAX_NAME: usize = 64 - "mcp__mycelium__".len();
/// Hexadecimal digits that tell apart what would be one name.
const MARK: usize = 8;

/// Gives every function a name that no other one has. The same functions in the same order get the same
/// names.
#[derive(Debug, Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// Names nobody else gets.
    pub(crate) fn reserving(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
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
        let mut name = match clean == whole && clean.len() <= MAX_NAME {
            true => clean.clone(),
            false => marked(&clean, &whole),
        };
        let mut attempt = 0;
        while !self.0.insert(name.clone()) {
            attempt += 1;
            name = marked(&clean, &format!("{whole}#{attempt}"));
        }
        name
    }
}

fn marked(clean: &str, whole: &str) -> String {
    let digest = Sha256::digest(whole);
    let mark: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let room = clean.len().min(MAX_NAME - MARK - 1);
    format!("{}_{}", &clean[..room], &mark[..MARK])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_stays_as_it_is() {
        assert_eq!(
            Names::default().give("hello-world", "greet"),
            "hello-world_greet"
        );
    }

    #[test]
    fn names_that_would_be_one_are_told_apart_and_stay_the_same() {
        let given = || {
            let mut names = Names::reserving(&["skill_run"]);
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
        fn every_name_is_short_and_of_the_allowed_characters(skill in "[a-z0-9-]{1,64}", method in ".{1,80}") {
            let name = Names::default().give(&skill, &method);
            prop_assert!(name.len() <= MAX_NAME);
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'));
        }
    }
}
