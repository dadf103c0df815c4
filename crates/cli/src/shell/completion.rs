//! Completion of a line: commands, options, skills and their methods.

use std::cell::RefCell;
use std::rc::Rc;

use clap::CommandFactory as _;
use mycelium_protocol::control::Command;
use mycelium_protocol::control::Reply;
use rustyline::Context;
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;

use super::line::Lines;
use crate::arguments::Typed;

/// Words that may precede a command.
const PREFIXES: [&str; 2] = ["/skills", "/skill"];
/// Words of the shell itself.
const OWN_COMMANDS: [&str; 2] = ["exit", "help"];

/// Completes what is typed in the shell.
pub(super) struct Completion {
    lines: Rc<RefCell<Lines>>,
    definition: clap::Command,
}

/// What a word may be completed with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Command,
    /// Options of a command.
    Option(String),
    Skill,
    /// A method of a skill.
    Method(String),
    Nothing,
}

impl Completion {
    pub(super) fn new(lines: Rc<RefCell<Lines>>) -> Self {
        Self {
            lines,
            definition: Typed::command(),
        }
    }

    fn candidates(&self, wanted: &Wanted) -> Vec<String> {
        match wanted {
            Wanted::Command => self
                .definition
                .get_subcommands()
                .map(|command| command.get_name().to_owned())
                .chain(OWN_COMMANDS.map(str::to_owned))
                .collect(),
            Wanted::Option(command) => self.options(command),
            Wanted::Skill => match self.lines.borrow_mut().ask(Command::List) {
                Some(Reply::Skills(skills)) => skills
                    .into_iter()
                    .map(|skill| skill.id.name.to_string())
                    .collect(),
                _ => Vec::new(),
            },
            Wanted::Method(skill) => {
                let Ok(selector) = skill.parse() else {
                    return Vec::new();
                };
                match self.lines.borrow_mut().ask(Command::Info(selector)) {
                    Some(Reply::Info(info)) => {
                        info.methods.into_iter().map(|method| method.name).collect()
                    }
                    _ => Vec::new(),
                }
            }
            Wanted::Nothing => Vec::new(),
        }
    }

    fn options(&self, command: &str) -> Vec<String> {
        let own = self.definition.find_subcommand(command);
        let arguments = own.into_iter().flat_map(clap::Command::get_arguments);
        arguments
            .chain(self.definition.get_arguments())
            .filter_map(|argument| Some(format!("--{}", argument.get_long()?)))
            .collect()
    }
}

/// What the word that ends at the end of `typed` may be.
fn wanted(typed: &str) -> Wanted {
    let (before, word) = typed.split_at(word_start(typed));
    let words: Vec<&str> = before
        .split_whitespace()
        .enumerate()
        .filter(|(index, word)| *index > 0 || !PREFIXES.contains(word))
        .map(|(_, word)| word)
        .filter(|word| !word.starts_with('-'))
        .collect();
    match words.as_slice() {
        [] => Wanted::Command,
        [command, ..] if word.starts_with('-') => Wanted::Option((*command).to_owned()),
        ["help"] => Wanted::Command,
        [
            "info" | "exec" | "activate" | "deactivate" | "reload" | "unload" | "reset" | "trust"
            | "revoke",
        ] => Wanted::Skill,
        ["exec", skill] => Wanted::Method((*skill).to_owned()),
        _ => Wanted::Nothing,
    }
}

fn word_start(typed: &str) -> usize {
    typed.rfind(char::is_whitespace).map_or(0, |blank| {
        blank + typed[blank..].chars().next().map_or(0, char::len_utf8)
    })
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..position];
        let start = word_start(typed);
        let word = &typed[start..];
        let mut candidates: Vec<_> = self
            .candidates(&wanted(typed))
            .into_iter()
            .filter(|candidate| candidate.starts_with(word))
            .map(|candidate| candidate + " ")
            .collect();
        candidates.sort();
        candidates.dedup();
        Ok((start, candidates))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}

impl Validator for Completion {}

impl Helper for Completion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_in_the_line_says_what_is_wanted() {
        let skill = || Wanted::Method("hello-world".into());
        for (typed, expected) in [
            ("", Wanted::Command),
            ("ex", Wanted::Command),
            ("/skills ", Wanted::Command),
            ("/skills exec ", Wanted::Skill),
            ("exec --json hel", Wanted::Skill),
            ("exec hello-world ", skill()),
            ("/skill exec hello-world gre", skill()),
            ("exec hello-world greet ", Wanted::Nothing),
            ("info x y", Wanted::Nothing),
            ("unload --a", Wanted::Option("unload".into())),
            ("help ", Wanted::Command),
            ("metrics ", Wanted::Nothing),
        ] {
            assert_eq!(wanted(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_word_begins_after_the_last_blank_of_any_kind() {
        assert_eq!(word_start("exec a"), 5);
        assert_eq!(word_start("exec\u{3000}a"), 7);
        assert_eq!(word_start("exec "), 5);
        assert_eq!(word_start(""), 0);
    }
}
