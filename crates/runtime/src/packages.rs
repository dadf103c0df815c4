//! Skills in `.skill` packages that a request names, and making such packages.

use std::path::Path;
use std::sync::Arc;

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

/// The skill in the package at `path`, as if it had been discovered there.
pub(crate) fn record(path: &Path) -> Result<SkillRecord, ErrorReport> {
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
