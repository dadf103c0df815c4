//! Folders the person does not want looked at: ignore files in gitignore's syntax.

use std::path::Path;
use std::path::PathBuf;

use ignore::Match;
use ignore::gitignore::Gitignore;
use ignore::gitignore::GitignoreBuilder;
use mycelium_types::Diagnostic;
use mycelium_types::Message;

use crate::Root;
use crate::Verdict;
use crate::file::read_file;
use crate::note;

/// The largest ignore file read, in bytes.
const MAX_BYTES: u64 = 256 << 10;
/// The most patterns of one file.
const MAX_PATTERNS: usize = 2_000;

/// An ignore file, such as `.claude/skills-ignore`. One that does not exist ignores nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreFile {
    /// The file.
    pub path: PathBuf,
    /// The folder that its patterns are about, absolute. For roots outside it they are about the root.
    pub base: PathBuf,
}

/// The patterns of all ignore files.
pub(crate) struct IgnoreRules(Vec<Rules>);

struct Rules {
    file: PathBuf,
    base: PathBuf,
    patterns: Gitignore,
}

impl IgnoreRules {
    /// Reads the files. What is wrong with one is noted, and the rest of it counts.
    pub(crate) fn read(files: &[IgnoreFile], notes: &mut Vec<Diagnostic>) -> Self {
        let rules = files.iter().filter_map(|file| {
            let text = match read_file(&file.path, MAX_BYTES) {
                Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
                Ok(None) => {
                    let message = Message::new("ignore-too-large").with("most", MAX_BYTES >> 10);
                    notes.push(note::warning(&file.path, message));
                    return None;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
                Err(error) => {
                    let reason = note::system_reason(&error);
                    let message = Message::new("ignore-unreadable").with("reason", reason);
                    notes.push(note::warning(&file.path, message));
                    return None;
                }
            };
            Some(Rules {
                file: file.path.clone(),
                base: file.base.clone(),
                patterns: patterns(file, &text, notes),
            })
        });
        Self(rules.collect())
    }

    /// The pattern that excludes the folder `path` of `root`. Later files have the last word.
    pub(crate) fn verdict(&self, root: &Root, path: &Path) -> Option<Verdict> {
        self.0.iter().rev().find_map(|rules| {
            let relative = path
                .strip_prefix(&rules.base)
                .or_else(|_| path.strip_prefix(&root.path))
                .ok()
                .filter(|relative| *relative != Path::new(""))?;
            match rules.patterns.matched(relative, /* is_dir */ true) {
                Match::None => None,
                Match::Whitelist(_) => Some(None),
                Match::Ignore(pattern) => Some(Some(Verdict::Ignored {
                    pattern: pattern.original().to_owned(),
                    file: rules.file.clone(),
                })),
            }
        })?
    }

    /// The pattern that excludes `root` itself, or a folder that it is in.
    pub(crate) fn verdict_on_root(&self, root: &Root) -> Option<Verdict> {
        let mut folders: Vec<_> = root.path.ancestors().collect();
        folders.reverse();
        folders
            .into_iter()
            .find_map(|folder| self.verdict(root, folder))
    }
}

fn patterns(file: &IgnoreFile, text: &str, notes: &mut Vec<Diagnostic>) -> Gitignore {
    // The paths matched are relative to the base already.
    let mut builder = GitignoreBuilder::new("");
    let mut lines = text.lines().enumerate();
    for (index, line) in lines.by_ref().take(MAX_PATTERNS) {
        if let Err(error) = builder.add_line(None, line) {
            let message = Message::new("ignore-pattern").with("reason", error);
            notes.push(note::warning_at(&file.path, index + 1, line, message));
        }
    }
    if lines.next().is_some() {
        let message = Message::new("ignore-too-many").with("most", MAX_PATTERNS);
        notes.push(note::warning(&file.path, message));
    }
    builder.build().unwrap_or_else(|error| {
        let message = Message::new("ignore-pattern").with("reason", error);
        notes.push(note::warning(&file.path, message));
        Gitignore::empty()
    })
}
