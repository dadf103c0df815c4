//! The files below `scripts/`: which of them can be run, as what, and under which name.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::manifest::text::is_function;

/// A file below `scripts/` that can be run: a method of its skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// The method's name: the file's, without what follows its last dot.
    pub method: String,
    /// The file, relative to the skill's folder.
    pub path: PathBuf,
    /// What it is.
    pub kind: ScriptKind,
}

/// What a script is, told by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptKind {
    /// `.py`.
    Python,
    /// `.sh` or `.bash`.
    Shell,
    /// `.js`, `.cjs` or `.mjs`.
    JavaScript,
    /// `.ts`, `.cts`, `.mts` or `.tsx`.
    TypeScript,
    /// Anything else that is marked as executable.
    Program,
}

impl Script {
    /// The folder that scripts are in.
    pub const FOLDER: &'static str = "scripts";
    /// How deep below that folder they are looked for; directly in it is 0.
    pub const MAX_DEPTH: usize = 3;
    /// The most scripts of one skill; those after it, by path, are no methods.
    pub const MAX_SCRIPTS: usize = 200;

    /// The scripts among the files of a skill: each path, relative to the skill's folder, and whether its owner
    /// may run it. Files and folders whose names begin with `.` or `_` are none.
    ///
    /// Where two would have one name, both get the end of their files' names too.
    #[must_use]
    pub fn among(files: impl IntoIterator<Item = (PathBuf, bool)>) -> Vec<Self> {
        let mut found: Vec<_> = files
            .into_iter()
            .filter_map(|(path, executable)| {
                let kind = kind(&path, executable)?;
                Some((path, kind))
            })
            .collect();
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        found.truncate(Self::MAX_SCRIPTS);
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for (path, _) in &found {
            *uses.entry(method(&path.with_extension(""))).or_default() += 1;
        }
        let mut scripts: Vec<Self> = Vec::with_capacity(found.len());
        for (path, kind) in found {
            let short = method(&path.with_extension(""));
            let method = match uses.get(&short) {
                Some(1) => short,
                _ => method(&path),
            };
            // A name that other characters were left out of can still be taken.
            let is_new = !scripts.iter().any(|script| script.method == method);
            if is_new && is_function(&method) {
                scripts.push(Self { method, path, kind });
            }
        }
        scripts
    }
}

impl ScriptKind {
    /// The programs that run such a script where it does not say so itself, the best first.
    #[must_use]
    pub fn interpreters(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python3"],
            Self::Shell => &["bash", "sh"],
            Self::JavaScript => &["node"],
            Self::TypeScript | Self::Program => &[],
        }
    }
}

/// What the file at `path` is as a script, if it is one.
fn kind(path: &Path, executable: bool) -> Option<ScriptKind> {
    let below = path.strip_prefix(Script::FOLDER).ok()?;
    let parts: Vec<&str> = below
        .iter()
        .map(|part| part.to_str())
        .collect::<Option<_>>()?;
    let is_own = |part: &&str| !part.starts_with(['.', '_']);
    if parts.len() > Script::MAX_DEPTH + 1 || !parts.iter().all(is_own) {
        return None;
    }
    let end = below.extension().and_then(|end| end.to_str());
    match end.unwrap_or_default() {
        "py" => Some(ScriptKind::Python),
        "sh" | "bash" => Some(ScriptKind::Shell),
        "js" | "cjs" | "mjs" => Some(ScriptKind::JavaScript),
        _ if is_declaration(below) => None,
        "ts" | "cts" | "mts" | "tsx" => Some(ScriptKind::TypeScript),
        _ => executable.then_some(ScriptKind::Program),
    }
}

/// Whether it only declares the types of something else.
fn is_declaration(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        [".d.ts", ".d.cts", ".d.mts"]
            .iter()
            .any(|end| name.ends_with(end))
    })
}

/// The name of a method for a path below the folder of scripts.
fn method(path: &Path) -> String {
    let below = path.strip_prefix(Script::FOLDER).unwrap_or(path);
    below
        .to_string_lossy()
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => c,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, bool)]) -> Vec<(String, ScriptKind)> {
        let files = files.iter().map(|(path, is)| (PathBuf::from(path), *is));
        let scripts = Script::among(files).into_iter();
        scripts.map(|script| (script.method, script.kind)).collect()
    }

    #[test]
    fn a_script_is_what_its_name_says() {
        let found = found(&[
            ("scripts/fill_form.py", false),
            ("scripts/sub/deep.sh", true),
            ("scripts/run.mjs", false),
            ("scripts/build.ts", false),
            ("scripts/tool", true),
            ("scripts/data.json", false),
            ("scripts/types.d.ts", true),
            ("scripts/_private.py", false),
            ("scripts/.hidden/x.py", false),
            ("scripts/a/b/c/d/e.py", false),
            ("other/x.py", false),
            ("SKILL.md", true),
        ]);
        let expected = [
            ("build", ScriptKind::TypeScript),
            ("fill_form", ScriptKind::Python),
            ("run", ScriptKind::JavaScript),
            ("sub-deep", ScriptKind::Shell),
            ("tool", ScriptKind::Program),
        ];
        assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn two_of_one_name_are_told_apart() {
        let found = found(&[
            ("scripts/run.py", false),
            ("scripts/run.sh", false),
            ("scripts/a b.py", false),
            ("scripts/a-b.py", false),
        ]);
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a-b-py", "run-py", "run-sh"]);
    }

    #[test]
    fn there_is_an_end_to_them() {
        let files = (0..500).map(|n| (PathBuf::from(format!("scripts/s{n}.py")), false));
        assert_eq!(Script::among(files).len(), Script::MAX_SCRIPTS);
    }
}
