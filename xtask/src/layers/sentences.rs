//! Each crate's one sentence: the first line of its code, its description and its row in
//! `crates/README.md`.

use std::path::Path;

use crate::error::ChoreError;
use crate::workspace::Workspace;

/// What is wrong with the crates' sentences.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, ChoreError> {
    let crates = workspace.root.join("crates");
    let table = fs_err::read_to_string(crates.join("README.md"))?;
    let mut findings = Vec::new();
    let mut names = Vec::new();
    for package in &workspace.packages {
        if !package.folder().starts_with(&crates) {
            continue;
        }
        names.push(package.layer());
        let code = fs_err::read_to_string(root_module(package.folder()))?;
        let description = package.description.as_deref().unwrap_or("");
        findings.extend(finding(package.layer(), &code, description, &table));
    }
    findings.extend(strangers(&names, &table));
    Ok(findings)
}

fn root_module(folder: &Path) -> std::path::PathBuf {
    let library = folder.join("src/lib.rs");
    if library.exists() {
        library
    } else {
        folder.join("src/main.rs")
    }
}

fn finding(name: &str, code: &str, description: &str, table: &str) -> Option<String> {
    let line = code.lines().next().unwrap_or("");
    let Some(sentence) = line.strip_prefix("//! ") else {
        return Some(format!(
            "crates/{name}: line 1 of its code must be the crate's sentence, as `//! …`"
        ));
    };
    if description != sentence {
        return Some(format!(
            "crates/{name}: `description` in its Cargo.toml differs from line 1 of its code:\n  \
             {description}\n  {sentence}"
        ));
    }
    let row = rows(table).find(|(row, _)| *row == name);
    match row {
        Some((_, text)) if text == sentence => None,
        Some((_, text)) => Some(format!(
            "crates/{name}: its row in crates/README.md differs from line 1 of its code:\n  \
             {text}\n  {sentence}"
        )),
        None => Some(format!(
            "crates/{name} has no row in crates/README.md; it should read:\n  | `{name}` | {sentence} |"
        )),
    }
}

fn strangers<'a>(names: &'a [&str], table: &'a str) -> impl Iterator<Item = String> + 'a {
    rows(table)
        .filter(|(row, _)| !names.contains(row))
        .map(|(row, _)| format!("crates/README.md has a row for {row}, which does not exist"))
}

/// The rows of the table: name and sentence.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| {
        let (name, sentence) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((name, sentence.strip_suffix(" |")?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Crates\n\n| crate | sentence |\n|---|---|\n| `types` | The nouns. |\n| `old` | Gone. |\n";

    #[test]
    fn equal_sentences_are_fine() {
        let code = "//! The nouns.\n//!\n//! More.\n";
        assert_eq!(finding("types", code, "The nouns.", TABLE), None);
    }

    #[test]
    fn each_difference_is_found() {
        let good = "//! The nouns.\n";
        for (name, code, description, expected) in [
            (
                "types",
                "fn main() {}\n",
                "The nouns.",
                "line 1 of its code must be",
            ),
            ("types", good, "Nouns.", "`description`"),
            ("types", "//! The verbs.\n", "The verbs.", "its row"),
            ("policy", good, "The nouns.", "has no row"),
        ] {
            let found = finding(name, code, description, TABLE).unwrap();
            assert!(found.contains(expected), "{found}");
        }
        let strangers: Vec<_> = strangers(&["types"], TABLE).collect();
        assert_eq!(
            strangers,
            ["crates/README.md has a row for old, which does not exist"]
        );
    }
}
