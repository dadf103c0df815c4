//! A known skill: its metadata. Its code is not read before it is used.

use std::sync::Arc;

use mycelium_types::Deprecation;
use mycelium_types::Diagnostic;
use mycelium_types::Manifest;
use mycelium_types::SkillId;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::Version;

use crate::Place;

/// A known skill.
#[derive(Clone, Debug, PartialEq)]
pub struct SkillRecord {
    /// Where to load it from.
    pub source: SkillSource,
    /// Where it was found.
    pub place: Place,
    /// What it says of itself, as it was when it was discovered.
    pub manifest: Arc<Manifest>,
    /// Remarks about the manifest that do not keep it from being used.
    pub remarks: Arc<[Diagnostic]>,
}

impl SkillRecord {
    /// Name and version.
    #[must_use]
    pub fn id(&self) -> SkillId {
        self.manifest.id()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &SkillName {
        &self.manifest.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.manifest.version
    }

    /// Why it should no longer be used, if so.
    #[must_use]
    pub fn deprecated(&self) -> Option<&Deprecation> {
        self.manifest.deprecated.as_ref()
    }
}
