//! `docs/configuration.md` against the keys there are.

use mycelium_config::KeyKind;
use mycelium_config::keys;
use serde_json::Value;

use super::repository::rows;
use super::repository::text;

fn values(kind: &KeyKind) -> String {
    match kind {
        KeyKind::Flag => "true, false".to_owned(),
        KeyKind::Whole { min, max } if *max == u64::MAX => format!("{min} or more"),
        KeyKind::Whole { min, max } => format!("{min} to {max}"),
        KeyKind::Choice(words) => words.join(", "),
        KeyKind::List => "list of text".to_owned(),
        KeyKind::Grants => "list of grants".to_owned(),
    }
}

/// A key's description in one line, without the default, which has a cell of its own.
fn meaning(description: &str) -> String {
    let meaning = description.split(" Default:").next().unwrap_or(description);
    let words: Vec<_> = meaning.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn every_key_has_a_row_that_is_true() {
    let expected: Vec<_> = keys()
        .iter()
        .map(|key| {
            let default = match &key.default {
                Value::Null => "-".to_owned(),
                Value::String(word) => word.clone(),
                Value::Array(items) if items.is_empty() => "none".to_owned(),
                other => other.to_string(),
            };
            vec![
                format!("`{}`", key.name()),
                values(&key.kind),
                default,
                format!("`{}`", key.variable()),
                meaning(&key.description),
            ]
        })
        .collect();
    let lines = |rows: &[Vec<String>]| {
        let lines: Vec<_> = rows
            .iter()
            .map(|row| format!("| {} |", row.join(" | ")))
            .collect();
        lines.join("\n")
    };
    let written = rows(&text("docs/configuration.md"));
    let written: Vec<_> = written.into_iter().filter(|row| row.len() == 5).collect();
    assert!(
        written == expected,
        "docs/configuration.md should have these rows:\n{}",
        lines(&expected)
    );
}
