//! Which of the files that say what a skill is a folder has, seen from outside.

use std::collections::VecDeque;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::AgentSkill;
use mycelium_types::Script;
use mycelium_types::SkillFiles;

use crate::stamp::Stamp;

/// The most files and folders below `scripts/` that are looked at.
const MAX_ENTRIES: usize = 2_000;

/// What a folder has of a skill.
pub(crate) struct Survey {
    /// Whether it has a `skill.json`, a link that leads nowhere included.
    pub(crate) manifest: bool,
    /// The name of its `SKILL.md`, if it has one.
    pub(crate) agent: Option<&'static str>,
    /// The methods it has without a `skill.json`.
    pub(crate) scripts: Vec<Script>,
    /// What these look like from outside; absent if that cannot be seen of all of them.
    pub(crate) stamp: Option<Stamp>,
}

/// What is at a path.
enum Seen {
    Nothing,
    /// Something that cannot be looked at: reading it will say why.
    Unknown,
    Known(Metadata),
}

impl Survey {
    /// Looks at `folder`; `None` if it has neither file. Fails if not even that can be told.
    pub(crate) fn of(folder: &Path) -> io::Result<Option<Self>> {
        let manifest = see(&folder.join(SkillFiles::MANIFEST))?;
        let mut agent = None;
        let mut described = Seen::Nothing;
        for name in [AgentSkill::FILE, AgentSkill::LOWER_CASE_FILE] {
            described = see(&folder.join(name))?;
            if !matches!(described, Seen::Nothing) {
                agent = Some(name);
                break;
            }
        }
        let has_manifest = !matches!(manifest, Seen::Nothing);
        if !has_manifest && agent.is_none() {
            return Ok(None);
        }
        let (scripts, looked) = match has_manifest {
            true => (Vec::new(), Vec::new()),
            false => scripts(folder),
        };
        let stamp = match (&manifest, &described) {
            (Seen::Unknown, _) | (_, Seen::Unknown) => None,
            (Seen::Nothing | Seen::Known(_), Seen::Nothing | Seen::Known(_)) => {
                let files = [manifest.known(), described.known()];
                Some(Stamp::of(files.into_iter().chain(looked.iter().map(Some))))
            }
        };
        Ok(Some(Self {
            manifest: has_manifest,
            agent,
            scripts,
            stamp,
        }))
    }
}

impl Seen {
    fn known(&self) -> Option<&Metadata> {
        match self {
            Self::Known(metadata) => Some(metadata),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

fn see(path: &Path) -> io::Result<Seen> {
    match fs_err::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_symlink() => Ok(Seen::Known(metadata)),
        Ok(_) => Ok(fs_err::metadata(path).map_or(Seen::Unknown, Seen::Known)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Seen::Nothing),
        Err(error) => Err(error),
    }
}

/// The scripts of `folder`, and everything that was looked at to find them. What cannot be looked into has none. Links
/// are not followed: the loader runs regular files only.
fn scripts(folder: &Path) -> (Vec<Script>, Vec<Metadata>) {
    let mut files = Vec::new();
    let mut looked = Vec::new();
    let mut pending = VecDeque::from([(PathBuf::from(Script::FOLDER), 0)]);
    while let Some((below, depth)) = pending.pop_front() {
        let path = folder.join(&below);
        let Ok(metadata) = fs_err::symlink_metadata(&path) else {
            continue;
        };
        if !metadata.is_dir() {
            continue;
        }
        looked.push(metadata);
        let Ok(entries) = fs_err::read_dir(&path) else {
            continue;
        };
        let mut entries: Vec<_> = entries
            .filter_map(Result::ok)
            .take(MAX_ENTRIES - looked.len().min(MAX_ENTRIES))
            .collect();
        entries.sort_unstable_by_key(fs_err::DirEntry::file_name);
        for entry in entries {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let below = below.join(entry.file_name());
            if metadata.is_file() {
                files.push((below, metadata.permissions().mode() & 0o100 != 0));
                looked.push(metadata);
            } else if metadata.is_dir() && depth < Script::MAX_DEPTH {
                pending.push_back((below, depth + 1));
            }
        }
    }
    (Script::among(files), looked)
}
