//! The known skills of one workspace.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Instant;

use mycelium_types::Manifest;
use mycelium_types::SkillName;
use mycelium_types::SkillSource;
use mycelium_types::Version;
use mycelium_types::VersionRange;
use mycelium_types::nearest;

use crate::Candidate;
use crate::Collision;
use crate::CollisionKind;
use crate::Discovery;
use crate::IgnoreFile;
use crate::Place;
use crate::RegistryError;
use crate::Root;
use crate::SearchHit;
use crate::SearchQuery;
use crate::SkillRecord;
use crate::Verdict;
use crate::catalogue::Catalogue;
use crate::memory::Memory;
use crate::search::SearchIndex;

/// The known skills of one workspace: found below roots, registered by the program, or compiled in.
///
/// Looking a skill up takes no lock that a discovery holds and touches no file.
pub struct Registry {
    catalogue: RwLock<Arc<Catalogue>>,
    /// Made when somebody searches, for the catalogue there was then.
    search: Mutex<Option<Arc<SearchIndex>>>,
    known: Mutex<Known>,
}

/// A skill to make known.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Where to load it from.
    pub source: SkillSource,
}

/// What is known, and from where; held while a discovery runs.
struct Known {
    memory: Memory,
    /// What the last discovery found below the roots, in order of precedence.
    discovered: Arc<[SkillRecord]>,
    registered: Vec<SkillRecord>,
}

impl Registry {
    /// A registry that keeps the manifests it reads in the SQLite file `path`, which other registries
    /// and processes may use too. It knows nothing before the first discovery.
    ///
    /// A file that cannot be used is no error: the registry then works from memory, and the next
    /// discovery notes why.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self {
            catalogue: RwLock::default(),
            search: Mutex::default(),
            known: Mutex::new(Known {
                memory: Memory::open(path),
                discovered: Arc::default(),
                registered: Vec::new(),
            }),
        }
    }

    /// Looks for skills below `roots`, of which an earlier one has precedence, and forgets those of
    /// other roots. Only manifests that changed are read.
    ///
    /// A broken skill is reported beside the good ones; nothing makes a discovery fail.
    pub fn discover(&self, roots: &[Root], ignore: &[IgnoreFile]) -> Discovery {
        let start = Instant::now();
        let mut known = self.known();
        let findings = known.memory.discover(roots, ignore);
        known.discovered = findings.records.into();
        let before = self.catalogue();
        let (catalogue, collisions) = self.assemble(&known);
        let mut candidates = findings.candidates;
        mark_duplicates(&mut candidates, &collisions);
        Discovery {
            skills: catalogue.iter().cloned().collect(),
            found: Arc::clone(&known.discovered),
            new: catalogue.added_since(&before),
            problems: findings.problems,
            collisions,
            candidates,
            notes: findings.notes,
            duration: start.elapsed(),
            read: findings.read,
            reused: findings.reused,
        }
    }

    /// Makes skills known that no root holds. Those with a folder have precedence over everything found
    /// below roots, embedded ones come after it. One of the same name, version and kind is replaced.
    pub fn register(&self, skills: impl IntoIterator<Item = Registration>) {
        let records: Vec<_> = skills.into_iter().map(Registration::into_record).collect();
        let ids: HashSet<_> = records
            .iter()
            .map(|record| (record.id(), &record.place))
            .collect();
        let mut known = self.known();
        known
            .registered
            .retain(|record| !ids.contains(&(record.id(), &record.place)));
        drop(ids);
        known.registered.extend(records);
        self.assemble(&known);
    }

    /// Forgets skills that were registered: one version, or all. How many there were.
    pub fn unregister(&self, name: &SkillName, version: Option<&Version>) -> usize {
        let mut known = self.known();
        let before = known.registered.len();
        known.registered.retain(|record| {
            record.name() != name || version.is_some_and(|version| record.version() != version)
        });
        self.assemble(&known);
        before - known.registered.len()
    }

    /// All known skills, by name, the newest version first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<SkillRecord>> {
        self.catalogue().iter().cloned().collect()
    }

    /// The newest version of a skill in `range`. Without a range that is the newest release, or the
    /// newest pre-release if there is no release; a range selects only the pre-releases it names.
    #[must_use]
    pub fn get(&self, name: &SkillName, range: Option<&VersionRange>) -> Option<Arc<SkillRecord>> {
        self.catalogue().get(name, range).cloned()
    }

    /// Like [`Registry::get`], for a person who wants to know why not.
    ///
    /// # Errors
    ///
    /// [`RegistryError::UnknownSkill`] with the nearest name, [`RegistryError::UnknownVersion`] with the
    /// versions there are.
    pub fn lookup(
        &self,
        name: &SkillName,
        range: Option<&VersionRange>,
    ) -> Result<Arc<SkillRecord>, RegistryError> {
        let catalogue = self.catalogue();
        match (catalogue.get(name, range), range) {
            (Some(record), _) => Ok(Arc::clone(record)),
            (None, Some(range)) if !catalogue.versions(name).is_empty() => {
                Err(RegistryError::UnknownVersion {
                    name: name.clone(),
                    range: range.clone(),
                    known: self.versions(name),
                })
            }
            (None, Some(_) | None) => Err(RegistryError::UnknownSkill {
                name: name.clone(),
                suggestion: self.suggest(name.as_str()),
            }),
        }
    }

    /// The known versions of a skill, the newest first.
    #[must_use]
    pub fn versions(&self, name: &SkillName) -> Vec<Version> {
        let catalogue = self.catalogue();
        let versions = catalogue.versions(name).iter();
        versions.map(|known| known.version().clone()).collect()
    }

    /// The known name that `text` was probably meant to be.
    #[must_use]
    pub fn suggest(&self, text: &str) -> Option<SkillName> {
        let catalogue = self.catalogue();
        nearest(text, catalogue.names())?.parse().ok()
    }

    /// The skills that meet a query, the best first; of several versions that do, the newest.
    #[must_use]
    pub fn search(&self, query: &SearchQuery) -> Vec<SearchHit> {
        let catalogue = self.catalogue();
        let index = {
            let mut search = self.search.lock().unwrap_or_else(PoisonError::into_inner);
            match search.as_ref().filter(|index| index.is_of(&catalogue)) {
                Some(index) => Arc::clone(index),
                None => {
                    let index = Arc::new(SearchIndex::of(&catalogue));
                    *search = Some(Arc::clone(&index));
                    index
                }
            }
        };
        index.search(query)
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        let catalogue = self.catalogue.read();
        Arc::clone(&catalogue.unwrap_or_else(PoisonError::into_inner))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a new catalogue from everything known, if it differs from the old one.
    fn assemble(&self, known: &Known) -> (Arc<Catalogue>, Vec<Collision>) {
        let registered = |place: Place| {
            let of_place = known.registered.iter();
            of_place
                .filter(move |record| record.place == place)
                .cloned()
        };
        let records = registered(Place::Program)
            .chain(known.discovered.iter().cloned())
            .chain(registered(Place::Embedded))
            .collect();
        let before = self.catalogue();
        let (catalogue, collisions) = Catalogue::assemble(records, &before);
        if catalogue.is_unchanged(&before) {
            return (before, collisions);
        }
        let catalogue = Arc::new(catalogue);
        let mut current = self
            .catalogue
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(&catalogue);
        (catalogue, collisions)
    }
}

impl Registration {
    fn into_record(self) -> SkillRecord {
        SkillRecord {
            place: match self.source {
                SkillSource::Folder { .. } | SkillSource::Package { .. } => Place::Program,
                SkillSource::Embedded { .. } => Place::Embedded,
            },
            source: self.source,
            manifest: Arc::new(self.manifest),
            remarks: Arc::default(),
        }
    }
}

/// Gives the skills that lost to one of the same name and version their verdict.
fn mark_duplicates(candidates: &mut [Candidate], collisions: &[Collision]) {
    let lost: HashMap<&Path, &Collision> = collisions
        .iter()
        .filter(|collision| match collision.kind {
            CollisionKind::Duplicate | CollisionKind::Server => true,
            CollisionKind::Shadow => false,
        })
        .filter_map(|collision| match &collision.loser_source {
            SkillSource::Folder { path } | SkillSource::Package { path } => {
                Some((path.as_path(), collision))
            }
            SkillSource::Embedded { .. } => None,
        })
        .collect();
    for candidate in candidates.iter_mut().filter(|c| c.verdict.is_taken()) {
        if let Some(collision) = lost.get(candidate.path.as_path()) {
            candidate.verdict = Verdict::Duplicate {
                id: collision.loser.clone(),
                winner: collision.winner_source.clone(),
            };
        }
    }
}
