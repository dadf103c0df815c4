//! The builtins' coded errors: each that is thrown has a message, and each message is thrown somewhere.

use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = include_str!("../../js/internal/errors/table.js");

/// The names that start with `ERR_` in `text`.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| {
        character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_'
    };
    text.match_indices("ERR_")
        .filter(|(start, _)| !text[..*start].ends_with(is_part))
        .map(|(start, _)| {
            let name = &text[start..];
            &name[..name
                .find(|character| !is_part(character))
                .unwrap_or(name.len())]
        })
        .collect()
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if !path.ends_with("errors/table.js") {
            sources.push_str(&fs_err::read_to_string(&path).unwrap());
        }
    }
}

fn sources() -> String {
    let mut sources = String::new();
    read_sources(Path::new("js"), &mut sources);
    sources
}

fn in_table() -> BTreeSet<&'static str> {
    TABLE
        .lines()
        .filter_map(|line| line.strip_prefix("  ERR_")?.split_once(": ["))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn every_error_that_is_thrown_is_in_the_table() {
    let sources = sources();
    let table = in_table();
    let missing: Vec<_> = sources
        .match_indices("codes.ERR_")
        .map(|(start, found)| {
            let rest = &sources[start + found.len()..];
            let end =
                rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|name| !table.contains(name))
        .collect();
    assert!(missing.is_empty(), "no message for {missing:?}");
}

#[test]
fn every_error_of_the_table_is_thrown() {
    let sources = sources();
    let named = names(&sources);
    let unused: Vec<_> = in_table()
        .into_iter()
        .filter(|name| !named.contains(format!("ERR_{name}").as_str()))
        .collect();
    assert!(unused.is_empty(), "nobody throws {unused:?}");
}
