//! Skills in `.skill` packages that a request names, and making such packages.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_package::Package;
use mycelium_package::pack;
use mycelium_registry::Place;
use mycelium_registry::SkillRecord;
use mycelium_registry::read_skill;
use mycelium_registry::source_of;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Manifest;
use mycelium_types::SkillId;
use mycelium_types::SkillReading;
use mycelium_types::printable_path;

use crate::stamp::FileStamp;

/// Named packages that are remembered; beyond this they are all read again.
const MAX_NAMED: usize = 64;

/// A skill packed into one file, not written yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedSkill {
    /// Its name and version.
    pub id: SkillId,
    /// The package: the same for the same files, whenever and wherever they are packed.
    pub bytes: Vec<u8>,
    /// The digest of the package.
    pub digest: Digest,
}

/// What skill is in the package at `path`, and the digest of the package. Nothing is unpacked or run. Blocks.
///
/// # Errors
/// When it cannot be read, or its skill says nothing that can be used.
pub fn read_package(path: &Path) -> Result<(SkillId, Digest), ErrorReport> {
    let package = Package::open(path)?;
    let manifest = usable(path, package.skill()?)?;
    Ok((manifest.id(), package.digest()))
}

/// Packs the skill in `folder`, to be written to `to`. Blocks.
///
/// # Errors
/// When the skill cannot be used, or has links, devices or more than a package may have.
pub fn pack_skill(folder: &Path, to: &Path) -> Result<PackedSkill, ErrorReport> {
    let manifest = usable(folder, read_skill(folder))?;
    let package = pack(folder, manifest.name.as_str(), to)?;
    Ok(PackedSkill {
        id: manifest.id(),
        bytes: package.bytes().to_vec(),
        digest: package.digest(),
    })
}

/// The packages that requests named, as they were read.
#[derive(Debug, Default)]
pub(crate) struct NamedPackages(Mutex<HashMap<PathBuf, (FileStamp, Arc<SkillRecord>)>>);

impl NamedPackages {
    /// The skill in the package at `path`, which is read again when the file has changed. Blocks.
    pub(crate) fn record(&self, path: &Path) -> Result<Arc<SkillRecord>, ErrorReport> {
        let stamp = FileStamp::of(path);
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(stamp), Some((of, record))) = (stamp, known().get(path))
            && *of == stamp
        {
            return Ok(Arc::clone(record));
        }
        let record = Arc::new(record(path)?);
        if let Some(stamp) = stamp {
            let mut known = known();
            if known.len() >= MAX_NAMED {
                known.clear();
            }
            known.insert(path.to_owned(), (stamp, Arc::clone(&record)));
        }
        Ok(record)
    }
}

/// The skill in the package at `path`, as if it had been discovered there.
fn record(path: &Path) -> Result<SkillRecord, ErrorReport> {
    let reading = read_skill(path);
    let remarks = reading.diagnostics.clone();
    let manifest = usable(path, reading)?;
    Ok(SkillRecord {
        source: source_of(path),
        place: Place::Program,
        manifest: Arc::new(manifest),
        remarks: remarks.into(),
    })
}

fn usable(path: &Path, reading: SkillReading) -> Result<Manifest, ErrorReport> {
    reading.manifest.ok_or_else(|| {
        let reason = reading.diagnostics.first();
        let reason = reason.map_or_else(String::new, |first| first.message.clone());
        let mut report = ErrorReport::new(ErrorCode::ManifestInvalid)
            .with("path", printable_path(path))
            .with("reason", reason);
        report.diagnostics = reading.diagnostics;
        report
    })
}
