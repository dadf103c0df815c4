//! Finds the folders below a root that hold a `skill.json` or a `SKILL.md`, and the `.skill` packages.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_package::Package;
use mycelium_types::Script;

use crate::Root;
use crate::Verdict;
use crate::ignored::IgnoreRules;
use crate::note::system_reason;
use crate::stamp::Stamp;
use crate::survey::Survey;

/// How deep below a root skills are looked for. The root itself is at depth 0.
pub(crate) const MAX_DEPTH: usize = 6;
/// How many folders of a root are looked at.
pub(crate) const MAX_FOLDERS: usize = 2_000;
/// How many entries of folders of a root are looked at.
const MAX_ENTRIES: usize = 100_000;
/// Folders that are never looked into: they are large and not the person's own.
const SKIPPED: [&str; 2] = [".git", "node_modules"];
/// Folders of an Agent Skill in which no other is looked for: what they hold belongs to the skill.
const PARTS: [&str; 3] = [Script::FOLDER, "references", "assets"];

/// What is at one root.
pub(crate) struct Scan {
    /// The folders, in the order they were looked at: shallow before deep, then by name.
    pub(crate) folders: Vec<Looked>,
    /// Whether nothing was left out, so that what is not in `folders` is not there.
    pub(crate) is_complete: bool,
}

/// A folder that was looked at.
pub(crate) struct Looked {
    pub(crate) path: PathBuf,
    pub(crate) outcome: Outcome,
}

/// What a folder turned out to be.
pub(crate) enum Outcome {
    /// It has a `skill.json` or a `SKILL.md`, or is a package.
    Skill {
        /// The folder or package, whatever path leads to it.
        identity: Identity,
        /// What its files look like from outside; absent if even that cannot be seen.
        stamp: Option<Stamp>,
    },
    /// It is none, for this reason.
    Other(Verdict),
}

/// Device and inode: the same for every path that leads to the same folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

struct Walk<'w> {
    root: &'w Root,
    rules: &'w IgnoreRules,
    scan: Scan,
    pending: VecDeque<(PathBuf, usize)>,
    /// Folders seen, so that links that lead back end there.
    seen: HashMap<Identity, PathBuf>,
    folders: usize,
    entries: usize,
}

/// Looks at `root` and the folders below it. Links to folders are followed.
pub(crate) fn walk(root: &Root, rules: &IgnoreRules) -> Scan {
    let mut walk = Walk {
        root,
        rules,
        scan: Scan {
            folders: Vec::new(),
            is_complete: true,
        },
        pending: VecDeque::new(),
        seen: HashMap::new(),
        folders: 0,
        entries: 0,
    };
    match rules.verdict_on_root(root) {
        Some(verdict) => walk.add(root.path.clone(), verdict),
        None => walk.pending.push_back((root.path.clone(), 0)),
    }
    while let Some((path, depth)) = walk.pending.pop_front() {
        if walk.folders == MAX_FOLDERS {
            walk.give_up(path, MAX_FOLDERS);
            break;
        }
        walk.folders += 1;
        walk.look(path, depth);
    }
    walk.scan
}

impl Walk<'_> {
    fn add(&mut self, path: PathBuf, verdict: Verdict) {
        let outcome = Outcome::Other(verdict);
        self.scan.folders.push(Looked { path, outcome });
    }

    fn give_up(&mut self, path: PathBuf, most: usize) {
        self.scan.is_complete = false;
        self.pending.clear();
        self.add(path, Verdict::TooMany { most });
    }

    fn fail(&mut self, path: PathBuf, error: &io::Error) {
        self.scan.is_complete = false;
        let reason = system_reason(error);
        self.add(path, Verdict::Unreadable { reason });
    }

    fn look(&mut self, path: PathBuf, depth: usize) {
        let metadata = match fs_err::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => metadata,
            Ok(metadata) if metadata.is_file() && Package::is_named(&path) => {
                return self.scan.folders.push(Looked {
                    path,
                    outcome: Outcome::Skill {
                        identity: Identity::of(&metadata),
                        stamp: Some(Stamp::of([Some(&metadata)])),
                    },
                });
            }
            Ok(_) => return self.add(path, Verdict::NotAFolder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.add(path, Verdict::Missing);
            }
            Err(error) => return self.fail(path, &error),
        };
        let identity = Identity::of(&metadata);
        if let Some(first) = self.seen.get(&identity) {
            let first = first.clone();
            return self.add(path, Verdict::Seen { first });
        }
        self.seen.insert(identity, path.clone());
        let survey = match Survey::of(&path) {
            Ok(survey) => survey,
            Err(error) => return self.fail(path, &error),
        };
        match survey {
            Some(survey) => {
                self.scan.folders.push(Looked {
                    path: path.clone(),
                    outcome: Outcome::Skill {
                        identity,
                        stamp: survey.stamp,
                    },
                });
                // All files of a code skill are its own; an Agent Skill may have others beside what it is made of.
                if !survey.manifest {
                    self.look_below(path, depth, &PARTS);
                }
            }
            None => {
                let at = self.scan.folders.len();
                if self.look_below(path.clone(), depth, &[]) {
                    let outcome = Outcome::Other(Verdict::NoManifest);
                    self.scan.folders.insert(at, Looked { path, outcome });
                }
            }
        }
    }

    /// Puts the folders and packages in `path` on the list, and says whether it could be looked into.
    fn look_below(&mut self, path: PathBuf, depth: usize, parts: &[&str]) -> bool {
        let folders = match self.folders_in(&path) {
            Ok(folders) => folders,
            Err(error) => {
                self.fail(path, &error);
                return false;
            }
        };
        let Some(folders) = folders else {
            self.give_up(path, MAX_ENTRIES);
            return true;
        };
        for folder in folders {
            let is_one_of = |names: &[&str]| {
                let name = folder.file_name();
                name.is_some_and(|name| names.iter().any(|one| name == *one))
            };
            if is_one_of(parts) {
                continue;
            }
            if is_one_of(&SKIPPED) {
                self.add(folder, Verdict::Skipped);
            } else if let Some(verdict) = self.rules.verdict(self.root, &folder) {
                self.add(folder, verdict);
            } else if depth == MAX_DEPTH {
                self.add(folder, Verdict::TooDeep);
            } else {
                self.pending.push_back((folder, depth + 1));
            }
        }
        true
    }

    /// The folders and packages in `path` and the links to some, by name; `None` if there is too much in it.
    fn folders_in(&mut self, path: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        let mut folders = Vec::new();
        for entry in fs_err::read_dir(path)? {
            let entry = entry?;
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Ok(None);
            }
            let kind = entry.file_type()?;
            let path = entry.path();
            let is_package = Package::is_named(&path);
            let may_be_one = match kind.is_symlink() {
                true => fs_err::metadata(&path)
                    .is_ok_and(|found| found.is_dir() || (is_package && found.is_file())),
                false => kind.is_dir() || (is_package && kind.is_file()),
            };
            if may_be_one {
                folders.push(path);
            }
        }
        folders.sort_unstable();
        Ok(Some(folders))
    }
}
