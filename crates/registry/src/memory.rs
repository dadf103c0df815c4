//! What discoveries remember, so that the next one reads only what changed.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_types::Diagnostic;

use crate::Candidate;
use crate::IgnoreFile;
use crate::Place;
use crate::Problem;
use crate::Root;
use crate::SkillRecord;
use crate::Verdict;
use crate::ignored::IgnoreRules;
use crate::note;
use crate::parallel::map_in_parallel;
use crate::reading::Reading;
use crate::stamp::Stamp;
use crate::store::Store;
use crate::walk::Identity;
use crate::walk::Outcome;
use crate::walk::Scan;
use crate::walk::walk;

/// The manifests read so far: those of the last discovery here, those of all others in the store.
pub(crate) struct Memory {
    store: Store,
    /// Remarks about the store that no discovery has told yet.
    notes: Vec<Diagnostic>,
    readings: HashMap<PathBuf, Reading>,
}

/// What a discovery finds below its roots.
#[derive(Default)]
pub(crate) struct Findings {
    /// Skills, in order of precedence.
    pub(crate) records: Vec<SkillRecord>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) notes: Vec<Diagnostic>,
    pub(crate) read: usize,
    pub(crate) reused: usize,
}

/// A folder that was looked at, on its way to a verdict.
struct Folder<'r> {
    root: &'r Root,
    path: PathBuf,
    state: State,
}

enum State {
    Decided(Verdict),
    /// It has a manifest, which looks like this from outside.
    Unknown(Option<Stamp>),
    Read(Reading),
}

impl Memory {
    /// Remembers what the file `path` does.
    pub(crate) fn open(path: &Path) -> Self {
        let mut notes = Vec::new();
        Self {
            store: Store::open(path, &mut notes),
            notes,
            readings: HashMap::new(),
        }
    }

    /// Looks for skills below `roots`.
    pub(crate) fn discover(&mut self, roots: &[Root], ignore: &[IgnoreFile]) -> Findings {
        let mut notes = std::mem::take(&mut self.notes);
        let rules = IgnoreRules::read(ignore, &mut notes);
        let scans = map_in_parallel(roots, |root| walk(root, &rules));
        let complete: Vec<&Path> = roots
            .iter()
            .zip(&scans)
            .filter(|(_, scan)| scan.is_complete)
            .map(|(root, _)| root.path.as_path())
            .collect();
        let mut folders = folders(roots, scans);

        for folder in &mut folders {
            if let State::Unknown(Some(stamp)) = folder.state {
                let known = self.readings.get(&folder.path);
                let known = known.filter(|known| known.stamp == Some(stamp)).cloned();
                let known = known.or_else(|| self.store.reading(&folder.path, &stamp, &mut notes));
                if let Some(reading) = known {
                    folder.state = State::Read(reading);
                }
            }
        }
        let mut unread: Vec<_> = folders
            .iter_mut()
            .filter(|folder| matches!(folder.state, State::Unknown(_)))
            .collect();
        let paths: Vec<_> = unread.iter().map(|folder| folder.path.clone()).collect();
        let read = map_in_parallel(&paths, |path| Reading::of(path));
        for (folder, reading) in unread.iter_mut().zip(&read) {
            folder.state = State::Read(reading.clone());
        }
        self.readings = folders.iter().filter_map(Folder::reading).collect();
        self.keep(&paths, &read, &complete, &folders, &mut notes);

        let mut findings = Findings {
            notes,
            read: read.len(),
            ..Findings::default()
        };
        for folder in folders {
            findings.add(folder);
        }
        let manifests = findings.records.len() + findings.problems.len();
        findings.reused = manifests - findings.read;
        findings
    }

    /// Puts what was read into the store, and takes out what is below the complete roots no more.
    fn keep(
        &mut self,
        paths: &[PathBuf],
        read: &[Reading],
        complete: &[&Path],
        folders: &[Folder<'_>],
        notes: &mut Vec<Diagnostic>,
    ) {
        let read: Vec<_> = paths
            .iter()
            .map(PathBuf::as_path)
            .zip(read)
            .filter(|(_, reading)| reading.stamp.is_some())
            .collect();
        let there: HashSet<&Path> = folders
            .iter()
            .filter(|folder| matches!(folder.state, State::Read(_)))
            .map(|folder| folder.path.as_path())
            .collect();
        self.store
            .update(&read, complete, |folder| there.contains(folder), notes);
    }
}

/// All folders of all scans in order. A skill that several roots lead to is the first one's.
fn folders(roots: &[Root], scans: Vec<Scan>) -> Vec<Folder<'_>> {
    let mut folders = Vec::new();
    let mut skills: HashMap<Identity, PathBuf> = HashMap::new();
    for (root, scan) in roots.iter().zip(scans) {
        for looked in scan.folders {
            let state = match looked.outcome {
                Outcome::Other(verdict) => State::Decided(verdict),
                Outcome::Skill { identity, stamp } => match skills.get(&identity) {
                    Some(first) => State::Decided(Verdict::Seen {
                        first: first.clone(),
                    }),
                    None => {
                        skills.insert(identity, looked.path.clone());
                        State::Unknown(stamp)
                    }
                },
            };
            folders.push(Folder {
                root,
                path: looked.path,
                state,
            });
        }
    }
    folders
}

impl Folder<'_> {
    /// What is worth remembering of it.
    fn reading(&self) -> Option<(PathBuf, Reading)> {
        match &self.state {
            State::Read(reading) if reading.stamp.is_some() => {
                Some((self.path.clone(), reading.clone()))
            }
            State::Decided(_) | State::Unknown(_) | State::Read(_) => None,
        }
    }
}

impl Findings {
    fn add(&mut self, folder: Folder<'_>) {
        let Folder { root, path, state } = folder;
        let verdict = match state {
            State::Decided(verdict) => {
                self.notes.extend(remark(root, &path, &verdict));
                verdict
            }
            // Every folder with a manifest has been read by now.
            State::Unknown(_) => return,
            State::Read(reading) => match &reading.manifest {
                Some(manifest) => {
                    self.records.push(SkillRecord {
                        source: reading.source.clone(),
                        place: Place::Root(root.clone()),
                        manifest: Arc::clone(manifest),
                        remarks: Arc::clone(&reading.remarks),
                    });
                    Verdict::Taken { id: manifest.id() }
                }
                None => {
                    self.problems.push(Problem {
                        folder: reportable(path.clone()),
                        diagnostics: reading.remarks.to_vec(),
                    });
                    Verdict::Broken {
                        errors: reading.errors(),
                    }
                }
            },
        };
        self.candidates.push(Candidate {
            path: reportable(path),
            root: root.clone(),
            verdict,
        });
    }
}

/// The path as text can carry it.
fn reportable(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(_) => path,
        None => PathBuf::from(path.to_string_lossy().into_owned()),
    }
}

/// A remark about a folder that may hold skills nobody will see.
fn remark(root: &Root, path: &Path, verdict: &Verdict) -> Option<Diagnostic> {
    match verdict {
        Verdict::Unreadable { .. } | Verdict::TooMany { .. } => {
            Some(note::warning(path, verdict.message()))
        }
        Verdict::NotAFolder if path == root.path => Some(note::warning(path, verdict.message())),
        Verdict::Taken { .. }
        | Verdict::Duplicate { .. }
        | Verdict::Broken { .. }
        | Verdict::NoManifest
        | Verdict::Ignored { .. }
        | Verdict::Skipped
        | Verdict::TooDeep
        | Verdict::Seen { .. }
        | Verdict::Missing
        | Verdict::NotAFolder => None,
    }
}
