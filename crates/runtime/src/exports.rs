//! What the known skills offer, for whoever makes tools of it. Nothing of a skill runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::SystemTime;

use mycelium_loader::ExportSignature;
use mycelium_loader::Surface;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_registry::SkillRecord;
use mycelium_types::CallStyle;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Export;
use mycelium_types::Manifest;
use mycelium_types::SkillSource;

use crate::inner::Inner;
use crate::inner::blocking;
use crate::workspace::Workspace;

/// What the known skills offer.
#[derive(Clone, Debug, PartialEq)]
pub enum Exports {
    /// By name.
    Listed(Vec<ExportedSkill>),
    /// There are this many skills, more than an agent is to be shown at once (`mcp.maxListedSkills`).
    TooMany(usize),
}

/// What one skill offers: the version that its name alone means. Two are equal if they were made of the same record and
/// the same source.
#[derive(Clone, Debug)]
pub struct ExportedSkill {
    record: Arc<SkillRecord>,
    /// What its source says; absent where the manifest says it all, or the source says nothing.
    surface: Option<Arc<Surface>>,
}

/// One function of a skill.
#[derive(Clone, Copy, Debug)]
pub struct ExportedFunction<'s> {
    /// What the manifest says of it.
    pub export: &'s Export,
    /// What else its source says; absent where the manifest says it all, or the source says nothing.
    pub signature: Option<&'s ExportSignature>,
}

impl ExportedSkill {
    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.record.manifest
    }

    /// Its functions, in the manifest's order.
    pub fn functions(&self) -> impl Iterator<Item = ExportedFunction<'_>> {
        let exports = self.manifest().exports.iter();
        exports.map(|export| ExportedFunction {
            export,
            signature: self
                .surface
                .iter()
                .flat_map(|surface| &surface.functions)
                .find(|function| function.name == export.name),
        })
    }
}

impl PartialEq for ExportedSkill {
    fn eq(&self, other: &Self) -> bool {
        let surfaces = (self.surface.as_ref(), other.surface.as_ref());
        Arc::ptr_eq(&self.record, &other.record)
            && match surfaces {
                (Some(own), Some(others)) => Arc::ptr_eq(own, others),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            }
    }
}

/// The surfaces of skills whose manifests do not say how their functions are called.
#[derive(Debug, Default)]
pub(crate) struct Surfaces(Mutex<HashMap<SkillSource, (Stamp, Arc<Surface>)>>);

/// Changes when an entrypoint does: its length in bytes, and when it was written. Nothing for what is
/// compiled in.
type Stamp = Option<(u64, SystemTime)>;

/// Surfaces kept; beyond this they are all read again.
const MAX_SURFACES: usize = 4096;

impl Inner {
    pub(crate) async fn exports(
        self: &Arc<Self>,
        context: &RequestContext,
    ) -> Result<Exports, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let registry = self.registry(&workspace).await?;
        let view = self.claude_view(&workspace).await?;
        let mut records = registry.list();
        records.retain(|record| view.is_for_agents(record));
        records.dedup_by(|record, before| record.name() == before.name());
        if records.len() > workspace.configuration.mcp.max_listed_skills {
            return Ok(Exports::TooMany(records.len()));
        }
        let inner = Arc::clone(self);
        blocking(move || {
            let known = records.iter();
            let known = known.filter_map(|record| registry.get(record.name(), None));
            Ok(Exports::Listed(
                known
                    .map(|record| inner.exported(&workspace, record))
                    .collect(),
            ))
        })
        .await
    }

    pub(crate) async fn exports_of(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<ExportedSkill, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, skill).await?;
        if !self.claude_view(&workspace).await?.is_for_agents(&record) {
            return Err(ErrorReport::new(ErrorCode::SkillNotFound)
                .with("skill", skill)
                .with("suggestion", "none"));
        }
        let inner = Arc::clone(self);
        blocking(move || Ok(inner.exported(&workspace, record))).await
    }

    fn exported(&self, workspace: &Workspace, record: Arc<SkillRecord>) -> ExportedSkill {
        let is_told = |export: &Export| {
            export.call == CallStyle::Named
                || (export.parameters.is_some() && export.description.is_some())
        };
        let surface = match record.manifest.exports.iter().all(is_told) {
            true => None,
            false => self.surface(workspace, &record),
        };
        ExportedSkill { record, surface }
    }

    /// What the skill's source says. A skill that cannot be verified has nothing to say here; a call of
    /// it tells why.
    fn surface(&self, workspace: &Workspace, record: &SkillRecord) -> Option<Arc<Surface>> {
        let stamp = entrypoint(record).and_then(|path| {
            let found = fs_err::metadata(path).ok()?;
            Some((found.len(), found.modified().ok()?))
        });
        let known = |surfaces: &HashMap<SkillSource, (Stamp, Arc<Surface>)>| {
            let (of, surface) = surfaces.get(&record.source)?;
            (*of == stamp).then(|| Arc::clone(surface))
        };
        if let Some(surface) = known(&self.surfaces.lock()) {
            return Some(surface);
        }
        let (verified, _) = self.launches.verify(workspace, &record.source).ok()?;
        let surface = Arc::new(verified.surface().ok()?);
        let mut surfaces = self.surfaces.lock();
        if surfaces.len() >= MAX_SURFACES {
            surfaces.clear();
        }
        surfaces.insert(record.source.clone(), (stamp, Arc::clone(&surface)));
        Some(surface)
    }
}

impl Surfaces {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SkillSource, (Stamp, Arc<Surface>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entrypoint(record: &SkillRecord) -> Option<PathBuf> {
    match &record.source {
        SkillSource::Folder { path } => Some(path.join(&record.manifest.entrypoint)),
        SkillSource::Package { path } => Some(path.clone()),
        SkillSource::Embedded { .. } => None,
    }
}
