//! Whether `docs/cli.md` still says what the code does.

use clap::CommandFactory as _;
use mycelium_types::ErrorCode;

use crate::arguments::Typed;

const PAGE: &str = include_str!("../../../docs/cli.md");

/// The rows of the table under a heading, as cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(heading).unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// The words between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn it_lists_the_commands_that_are_there() {
    let mut documented: Vec<&str> = table("## Commands")
        .iter()
        .flat_map(|row| quoted(row[0]))
        .filter_map(|usage| usage.split_whitespace().next())
        .collect();
    documented.sort_unstable();
    documented.dedup();
    let definition = Typed::command();
    let mut defined: Vec<&str> = definition
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    defined.sort_unstable();
    assert_eq!(documented, defined);
}

#[test]
fn it_lists_the_subcommands_and_options_that_are_there() {
    let commands = table("## Commands");
    for command in Typed::command().get_subcommands() {
        let usages: String = commands
            .iter()
            .map(|row| row[0])
            .filter(|usage| usage.contains(&format!("`{}", command.get_name())))
            .collect();
        for subcommand in command.get_subcommands() {
            let usage = format!("`{} {}", command.get_name(), subcommand.get_name());
            assert!(usages.contains(&usage), "{usage}");
        }
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(
                usages.contains(&format!("--{option}")),
                "{}: --{option}",
                command.get_name()
            );
        }
    }
    let options = table("## Options for all commands");
    let documented: String = options.iter().map(|row| row[0]).collect();
    for option in Typed::command()
        .get_arguments()
        .filter_map(clap::Arg::get_long)
    {
        assert!(documented.contains(&format!("--{option}")), "--{option}");
    }
}

#[test]
fn it_gives_every_code_its_status() {
    let rows = table("## Exit status");
    let mut documented: Vec<(String, u8)> = rows
        .iter()
        .flat_map(|row| {
            let status: u8 = row[0].parse().unwrap();
            quoted(row[2]).map(move |code| (code.to_owned(), status))
        })
        .collect();
    let mut defined: Vec<(String, u8)> = ErrorCode::ALL
        .iter()
        .map(|code| (code.to_string(), code.exit_status() as u8))
        .collect();
    documented.sort();
    defined.sort();
    assert_eq!(documented, defined);
}
