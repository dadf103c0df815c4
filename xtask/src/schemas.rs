//! `cargo xtask schemas`: the published JSON Schemas, made from the types.

use crate::error::ChoreError;
use crate::workspace::Workspace;

/// Whether what is made is written or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Writes the files.
    Write,
    /// Fails if the files differ from what would be written.
    Check,
}

/// A file in `schemas/`, and the example program that prints what belongs into it.
const SCHEMAS: &[(&str, &str, &str)] = &[
    ("skill.schema.json", "mycelium-types", "manifest_schema"),
    (
        "config.schema.json",
        "mycelium-config",
        "configuration_schema",
    ),
];

/// Writes or checks all schemas.
pub(crate) fn run(workspace: &Workspace, usage: Usage) -> Result<(), ChoreError> {
    let folder = workspace.root.join("schemas");
    let mut findings = Vec::new();
    for (file, package, example) in SCHEMAS {
        let args = [
            "run",
            "--quiet",
            "--locked",
            "--package",
            package,
            "--example",
            example,
        ];
        let schema = workspace.cargo().args(args).output()?;
        let path = folder.join(file);
        match usage {
            Usage::Write => {
                fs_err::create_dir_all(&folder)?;
                fs_err::write(&path, schema)?;
                println!("schemas: wrote schemas/{file}");
            }
            Usage::Check => {
                let written = fs_err::read_to_string(&path).unwrap_or_default();
                match difference(&written, &schema) {
                    None => println!("schemas: schemas/{file} is up to date"),
                    Some(line) => findings.push(format!(
                        "schemas/{file} differs from the types at line {line}: run `cargo xtask schemas`"
                    )),
                }
            }
        }
    }
    ChoreError::of_findings(findings)
}

/// The first line, from 1, in which two texts differ.
pub(crate) fn difference(one: &str, other: &str) -> Option<usize> {
    if one == other {
        return None;
    }
    let same = one
        .lines()
        .zip(other.lines())
        .take_while(|(one, other)| one == other);
    Some(same.count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_a_line() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(difference("", "a\n"), Some(1));
        assert_eq!(difference("a\n", "a"), Some(2));
    }
}
