//! What instructions are completed with before an agent reads them.

use std::path::Path;

/// The longest word for a level of effort, in bytes.
const MAX_LEVEL: usize = 16;

/// The values that the placeholders of instructions stand for, as Claude Code has them: `${CLAUDE_SKILL_DIR}` and its
/// like, `$ARGUMENTS`, `$ARGUMENTS[N]`, `$N`, and `$NAME` for each name of the field `arguments`.
///
/// What has no value here stays as it is written, and so does `` !`command` ``, which is never run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Substitutions<'s> {
    /// The skill's folder.
    pub skill_folder: Option<&'s Path>,
    /// The workspace.
    pub project_folder: Option<&'s Path>,
    /// The session's name.
    pub session: Option<&'s str>,
    /// How hard the agent thinks: `low`, `high`, … What is no such word stays unsaid.
    pub effort: Option<&'s str>,
    /// The folder of the plugin that the skill came with.
    pub plugin_folder: Option<&'s Path>,
    /// The folder that this plugin keeps its data in.
    pub data_folder: Option<&'s Path>,
    /// What was typed after the skill's name; absent if it was not started by its name.
    pub arguments: Option<&'s [String]>,
    /// The names of the arguments, in order.
    pub names: &'s [String],
}

impl Substitutions<'_> {
    /// Completes `text` in one pass, so that a value is never completed itself. Arguments that the text does not ask for
    /// are added at its end.
    ///
    /// ```
    /// use mycelium_types::Substitutions;
    ///
    /// let arguments = ["report.pdf".to_owned()];
    /// let values = Substitutions {
    ///     skill_folder: Some("/skills/pdf".as_ref()),
    ///     arguments: Some(&arguments),
    ///     ..Substitutions::default()
    /// };
    /// assert_eq!(values.fill("${CLAUDE_SKILL_DIR}/x.py $0"), "/skills/pdf/x.py report.pdf");
    /// ```
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        let mut has_arguments = false;
        while let Some(at) = rest.find('$') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            match self.placeholder(rest) {
                Some(found) => {
                    has_arguments |= found.is_argument;
                    filled.push_str(&found.value);
                    rest = &rest[found.length..];
                }
                None => {
                    filled.push('$');
                    rest = &rest[1..];
                }
            }
        }
        filled.push_str(rest);
        if let Some(arguments) = self.arguments.filter(|all| !all.is_empty())
            && !has_arguments
        {
            filled.push_str("\n\nARGUMENTS: ");
            filled.push_str(&arguments.join(" "));
        }
        filled
    }

    /// The placeholder that `text` begins with.
    fn placeholder(&self, text: &str) -> Option<Found> {
        if let Some(rest) = text.strip_prefix("${") {
            let (name, _) = rest.split_once('}')?;
            let value = self.variable(name)?;
            return Some(Found {
                value,
                length: name.len() + "${}".len(),
                is_argument: false,
            });
        }
        let arguments = self.arguments?;
        let word = text[1..]
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let name = &text[1..=word];
        let found = |value: Option<&String>, length| {
            Some(Found {
                value: value.cloned().unwrap_or_default(),
                length,
                is_argument: true,
            })
        };
        if name == "ARGUMENTS" {
            let after = &text[1 + word..];
            let index = after
                .strip_prefix('[')
                .and_then(|after| after.split_once(']'))
                .and_then(|(index, _)| Some((index.parse::<usize>().ok()?, index.len() + 2)));
            return match index {
                Some((index, length)) => found(arguments.get(index), 1 + word + length),
                None => found(Some(&arguments.join(" ")), 1 + word),
            };
        }
        if let Ok(index) = name.parse::<usize>() {
            return found(arguments.get(index), 1 + word);
        }
        let index = self.names.iter().position(|known| known == name)?;
        found(arguments.get(index), 1 + word)
    }

    fn variable(&self, name: &str) -> Option<String> {
        let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
        match name {
            "CLAUDE_SKILL_DIR" => path(self.skill_folder),
            "CLAUDE_PROJECT_DIR" => path(self.project_folder),
            "CLAUDE_PLUGIN_ROOT" => path(self.plugin_folder),
            "CLAUDE_PLUGIN_DATA" => path(self.data_folder),
            "CLAUDE_SESSION_ID" => self.session.map(str::to_owned),
            "CLAUDE_EFFORT" => self.effort.filter(|it| is_level(it)).map(str::to_owned),
            _ => None,
        }
    }
}

/// Whether a text looks like one of the agent's levels of effort, of which there are new ones now and then.
fn is_level(text: &str) -> bool {
    (1..=MAX_LEVEL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A placeholder of a text.
struct Found {
    value: String,
    /// Its length in the text, in bytes.
    length: usize,
    is_argument: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, arguments: &[&str]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let names = ["file".to_owned(), "format".to_owned()];
        let values = Substitutions {
            skill_folder: Some(Path::new("/s")),
            session: Some("shell"),
            arguments: Some(&arguments),
            names: &names,
            ..Substitutions::default()
        };
        values.fill(text)
    }

    #[test]
    fn arguments_come_by_place_and_by_name() {
        for (text, expected) in [
            ("$ARGUMENTS", "a b"),
            ("$ARGUMENTS[1]!", "b!"),
            ("$0 $1 $2.", "a b ."),
            ("$file as $format", "a as b"),
            ("${CLAUDE_SKILL_DIR}/$0", "/s/a"),
            ("plain", "plain\n\nARGUMENTS: a b"),
            ("$unknown $ $", "$unknown $ $\n\nARGUMENTS: a b"),
        ] {
            assert_eq!(filled(text, &["a", "b"]), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_value_stays_and_values_are_not_filled_again() {
        for text in [
            "${HOME}",
            "${CLAUDE_EFFORT}",
            "${CLAUDE_PLUGIN_ROOT}/x ${CLAUDE_PLUGIN_DATA}",
            "${open",
            "!`rm -rf /`",
            "é$é",
        ] {
            assert_eq!(filled(text, &[]), text);
        }
        assert_eq!(
            filled("$0", &["${CLAUDE_SKILL_DIR}"]),
            "${CLAUDE_SKILL_DIR}"
        );
        assert_eq!(
            Substitutions::default().fill("$0 $ARGUMENTS"),
            "$0 $ARGUMENTS"
        );
    }

    #[test]
    fn the_effort_is_a_word_or_stays_unsaid() {
        for (effort, expected) in [
            (Some("xhigh"), "xhigh"),
            (Some("high; rm"), "${CLAUDE_EFFORT}"),
            (Some(""), "${CLAUDE_EFFORT}"),
            (None, "${CLAUDE_EFFORT}"),
        ] {
            let values = Substitutions {
                effort,
                ..Substitutions::default()
            };
            assert_eq!(values.fill("${CLAUDE_EFFORT}"), expected);
        }
    }
}
