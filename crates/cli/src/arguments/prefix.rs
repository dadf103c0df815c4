//! The words `skill`, `skills`, `/skill` and `/skills` in front of a command: accepted, ignored.

use std::ffi::OsString;

const PREFIXES: [&str; 4] = ["skill", "skills", "/skill", "/skills"];

/// Options before the command whose value is a word of its own.
const WITH_VALUE: [&str; 5] = ["-C", "--directory", "--color", "--timeout", "--config"];

/// Takes the prefix out. A prefix with no command after it asks for the list of skills.
pub(super) fn strip(mut words: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = next_word(&words, 0) else {
        return words;
    };
    if !PREFIXES.iter().any(|prefix| words[first] == *prefix) {
        return words;
    }
    let asks_for_text = words[first + 1..].iter().any(|word| {
        ["-h", "--help", "-V", "--version"]
            .iter()
            .any(|option| word == option)
    });
    if next_word(&words, first + 1).is_some() || asks_for_text {
        words.remove(first);
    } else {
        words[first] = OsString::from("list");
    }
    words
}

/// The place of the first word from `start` on that is no option and no option's value.
fn next_word(words: &[OsString], start: usize) -> Option<usize> {
    let mut index = start;
    while let Some(word) = words.get(index) {
        if word == "--" {
            return None;
        }
        if WITH_VALUE.iter().any(|option| word == option) {
            index += 2;
        } else if word.as_encoded_bytes().starts_with(b"-") {
            index += 1;
        } else {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::typed::Typed;
    use super::*;

    fn stripped(line: &str) -> String {
        let words = line.split_whitespace().map(OsString::from).collect();
        let words: Vec<_> = strip(words)
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect();
        words.join(" ")
    }

    #[test]
    fn the_prefix_goes_and_nothing_else() {
        for (typed, meant) in [
            ("/skills exec a b", "exec a b"),
            (
                "skill validate --strict ./skills",
                "validate --strict ./skills",
            ),
            ("--json -C skills skills info x", "--json -C skills info x"),
            ("exec skill skills", "exec skill skills"),
            ("/skills", "list"),
            ("skills --json", "list --json"),
            ("skills --help", "--help"),
            ("skills skills list", "skills list"),
            ("-- skills list", "-- skills list"),
            ("", ""),
            ("--directory", "--directory"),
        ] {
            assert_eq!(stripped(typed), meant, "{typed}");
        }
    }

    #[test]
    fn knows_all_options_with_a_value() {
        let command = Typed::command();
        let mut expected: Vec<String> = command
            .get_arguments()
            .filter(|argument| argument.get_action().takes_values())
            .flat_map(|argument| {
                let short = argument.get_short().map(|short| format!("-{short}"));
                let long = argument.get_long().map(|long| format!("--{long}"));
                short.into_iter().chain(long)
            })
            .collect();
        let mut known = WITH_VALUE.map(str::to_owned).to_vec();
        expected.sort();
        known.sort();
        assert_eq!(known, expected);
    }
}
