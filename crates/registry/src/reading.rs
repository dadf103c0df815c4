//! Reads what candidates say of themselves.

use std::io;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use mycelium_package::Package;
use mycelium_types::AgentSkill;
use mycelium_types::Diagnostic;
use mycelium_types::Manifest;
use mycelium_types::Message;
use mycelium_types::Severity;
use mycelium_types::SkillFiles;
use mycelium_types::SkillReading;
use mycelium_types::SkillSource;

use crate::file;
use crate::note;
use crate::stamp::Stamp;
use crate::survey::Survey;

/// What reading a folder's `skill.json` and `SKILL.md` gave.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// What the files looked like when they were read; absent if the result is not to be kept.
    pub(crate) stamp: Option<Stamp>,
    /// Where to load it from.
    pub(crate) source: SkillSource,
    /// The manifest, if it is valid.
    pub(crate) manifest: Option<Arc<Manifest>>,
    /// Everything there is to say about it.
    pub(crate) remarks: Arc<[Diagnostic]>,
}

/// Reads what the skill in `place`, a folder or a package, says of itself. What cannot be read is a remark.
#[must_use]
pub fn read_skill(place: &Path) -> SkillReading {
    read(place).0
}

/// Where the skill in `place` is to be loaded from.
#[must_use]
pub fn source_of(place: &Path) -> SkillSource {
    let path = place.to_owned();
    match is_package(place) {
        true => SkillSource::Package { path },
        false => SkillSource::Folder { path },
    }
}

/// Whether there is a package rather than a folder.
fn is_package(place: &Path) -> bool {
    Package::is_named(place) && fs_err::metadata(place).is_ok_and(|found| found.is_file())
}

/// What the files that say what a skill is look like from outside.
fn stamp(place: &Path) -> Option<Stamp> {
    match is_package(place) {
        true => Some(Stamp::of([Some(&fs_err::metadata(place).ok()?)])),
        false => Survey::of(place).ok().flatten()?.stamp,
    }
}

impl Reading {
    /// Reads what the skill in `place` says of itself.
    pub(crate) fn of(place: &Path) -> Self {
        let now = SystemTime::now();
        let (reading, seen) = read(place);
        // What changed while it was read is read again next time.
        let unchanged = |seen: &Stamp| seen.is_settled_at(now) && stamp(place) == Some(*seen);
        Self {
            stamp: seen.filter(unchanged),
            source: source_of(place),
            manifest: reading.manifest.map(Arc::new),
            remarks: reading.diagnostics.into(),
        }
    }

    /// How many of the remarks are errors.
    pub(crate) fn errors(&self) -> usize {
        let errors = self.remarks.iter();
        errors.filter(|r| r.severity == Severity::Error).count()
    }
}

fn read(folder: &Path) -> (SkillReading, Option<Stamp>) {
    if is_package(folder) && folder.to_str().is_some() {
        return read_package(folder);
    }
    let unreadable = |path: &Path, message| SkillReading {
        manifest: None,
        instructions: None,
        conforms: None,
        diagnostics: vec![note::error(path, message)],
    };
    if folder.to_str().is_none() {
        let message = Message::new("folder-not-utf8");
        return (unreadable(folder, message), None);
    }
    let survey = match Survey::of(folder) {
        Ok(Some(survey)) => survey,
        Ok(None) => {
            let path = folder.join(SkillFiles::MANIFEST);
            let message = Message::new("skill-files-missing");
            return (unreadable(&path, message), None);
        }
        Err(error) => {
            let message = cannot_read(SkillFiles::MANIFEST, &error);
            return (unreadable(folder, message), None);
        }
    };
    let mut files = SkillFiles {
        scripts: survey.scripts,
        ..SkillFiles::default()
    };
    if survey.manifest {
        match read_file(folder, SkillFiles::MANIFEST, Manifest::MAX_BYTES) {
            Ok(bytes) => files.manifest = Some(bytes),
            Err(message) => {
                return (
                    unreadable(&folder.join(SkillFiles::MANIFEST), message),
                    None,
                );
            }
        }
    }
    let mut extra = None;
    if let Some(name) = survey.agent {
        match read_file(folder, name, AgentSkill::MAX_BYTES) {
            Ok(bytes) => files.agent = Some((name, bytes)),
            // A manifest is enough.
            Err(message) if survey.manifest => {
                extra = Some(note::error(&folder.join(name), message));
            }
            Err(message) => return (unreadable(&folder.join(name), message), None),
        }
    }
    let mut reading = files.read(folder);
    let stamp = survey.stamp.filter(|_| extra.is_none());
    reading.diagnostics.extend(extra);
    (reading, stamp)
}

fn read_package(path: &Path) -> (SkillReading, Option<Stamp>) {
    // Taken first: a package that is replaced meanwhile is read again.
    let stamp = stamp(path);
    match Package::open(path).and_then(|package| package.skill()) {
        Ok(reading) => (reading, stamp),
        Err(error) => {
            let reading = SkillReading {
                manifest: None,
                instructions: None,
                conforms: None,
                diagnostics: vec![note::error(path, error.message())],
            };
            (reading, stamp)
        }
    }
}

/// Reads one byte more than a file may have, so that its reader can tell that it is too large.
fn read_file(folder: &Path, name: &str, most: usize) -> Result<Vec<u8>, Message> {
    let path = folder.join(name);
    let failed = |error: io::Error| cannot_read(name, &error);
    if leads_out(folder, &path).map_err(failed)? {
        return Err(Message::new("manifest-link-leaves").with("name", name));
    }
    let (file, _) = file::open(&path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

fn cannot_read(name: &str, error: &io::Error) -> Message {
    Message::new("manifest-unreadable")
        .with("name", name)
        .with("reason", note::system_reason(error))
}

/// Whether the file is a link to somewhere outside the skill's folder.
fn leads_out(folder: &Path, path: &Path) -> io::Result<bool> {
    if !fs_err::symlink_metadata(path)?.is_symlink() {
        return Ok(false);
    }
    let target = fs_err::canonicalize(path)?;
    Ok(!target.starts_with(fs_err::canonicalize(folder)?))
}
