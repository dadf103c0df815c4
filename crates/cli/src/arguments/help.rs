//! The help texts, from the catalogue.
//!
//! The text of a command is `help-COMMAND`, with the attributes `.details` (more about it),
//! `.examples`, and one for each argument and option, by its name. The program itself is
//! `help-mycelium`; the global options are attributes of `help-options`.

use clap::Arg;
use clap::Command;
use clap::CommandFactory as _;
use mycelium_types::Locale;
use mycelium_types::Message;

use super::typed::Typed;

/// The definition of the command line with its texts in `locale`.
pub(crate) fn localised(locale: Locale) -> Command {
    let command = Typed::command();
    let global: Vec<_> = command
        .get_arguments()
        .map(|argument| argument.get_id().to_string())
        .chain(["help".to_owned(), "version".to_owned()])
        .collect();
    // Building adds what clap provides itself, `--help` among it, so that it gets texts too.
    let mut command = command;
    command.build();
    with_texts(command, "help-mycelium", &Catalogue { locale, global })
}

struct Catalogue {
    locale: Locale,
    global: Vec<String>,
}

impl Catalogue {
    fn attribute(&self, key: &str, name: &str) -> Option<String> {
        Message::new(key).render_attribute(name, self.locale)
    }

    fn argument(&self, argument: Arg, key: &str) -> Arg {
        let id = argument.get_id().to_string();
        let is_global = self.global.contains(&id);
        let key = if is_global { "help-options" } else { key };
        let Some(text) = self.attribute(key, &id.replace('_', "-")) else {
            return argument;
        };
        let argument = argument.help(text);
        if !is_global {
            return argument;
        }
        match self.attribute(key, "heading") {
            Some(heading) => argument.help_heading(heading),
            None => argument,
        }
    }
}

fn with_texts(command: Command, key: &str, catalogue: &Catalogue) -> Command {
    let about = Message::new(key).render(catalogue.locale);
    let details = catalogue.attribute(key, "details");
    let examples = catalogue.attribute(key, "examples");
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();

    let mut command = command
        .mut_args(|argument| catalogue.argument(argument, key))
        .about(about.clone());
    if let Some(details) = details {
        command = command.long_about(format!("{about}\n\n{details}"));
    }
    if let Some(examples) = examples {
        let heading = catalogue
            .attribute("help-options", "examples-heading")
            .unwrap_or_default();
        command = command.after_help(format!("{heading}\n{}", indented(&examples)));
    }
    for name in subcommands {
        // `help` has a copy of the whole tree below it that nobody sees.
        if key == "help-help" {
            break;
        }
        let key = match (key, name.as_str()) {
            (_, "help") => "help-help".to_owned(),
            ("help-mycelium", name) => format!("help-{name}"),
            (parent, name) => format!("{parent}-{name}"),
        };
        command =
            command.mut_subcommand(&name, |subcommand| with_texts(subcommand, &key, catalogue));
    }
    command
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_a_text() {
        fn check(command: &Command, path: &str, missing: &mut Vec<String>) {
            let about = command.get_about().map(ToString::to_string);
            if about.is_none_or(|about| about.starts_with("help-")) {
                missing.push(path.to_owned());
            }
            for argument in command.get_arguments() {
                if argument.get_help().is_none() {
                    missing.push(format!("{path} {}", argument.get_id()));
                }
            }
            for subcommand in command.get_subcommands() {
                let path = format!("{path} {}", subcommand.get_name());
                if subcommand.get_name() != "help" {
                    check(subcommand, &path, missing);
                }
            }
        }
        let mut missing = Vec::new();
        check(&localised(Locale::EnUs), "mycelium", &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn help_is_rendered_from_the_catalogue() {
        let mut command = localised(Locale::EnUs).term_width(100);
        let exec = command.find_subcommand_mut("exec").unwrap();
        insta::assert_snapshot!(exec.render_long_help().to_string(), @r#"
        Run a method of a skill

        An argument is a string unless it is a JSON number, boolean, null, array or object. A number with
        more digits than 64 bits hold stays a string. Where the method takes named arguments, KEY=VALUE
        pairs or one JSON object give them.

        Usage: mycelium exec [OPTIONS] <SKILL> <METHOD> [ARG]...

        Arguments:
          <SKILL>
                  The skill: NAME or NAME@RANGE, or the path of a .skill package

          <METHOD>
                  The method

          [ARG]...
                  Arguments of the call

        Options:
              --args <JSON>
                  All arguments as a JSON array (or object, by name); - reads it from standard input

        Global options:
              --json
                  Print one JSON object for each result

          -C, --directory <DIR>
                  Work in this folder instead of the current one

              --no-daemon
                  Run in this process, without the daemon

              --offline
                  Fetch nothing; use what is stored

              --skill-debug
                  Show what each part of the runtime does

              --color <WHEN>
                  When to use colours: auto, always or never

          -q, --quiet
                  Print results and errors only

          -v, --verbose
                  Print everything that is known

              --timeout <SECONDS>
                  The longest a call may take, in seconds

              --config <KEY=VALUE>
                  Set a configuration value for this command

          -h, --help
                  Print help; --help prints more than -h

        Examples:
          mycelium exec hello-world greet Claude
          mycelium exec calculator add 1 2 --json
          mycelium exec report build --args '["2026-11", {"draft": true}]'
          echo '["Claude"]' | mycelium exec hello-world greet --args -
        "#);
    }
}
