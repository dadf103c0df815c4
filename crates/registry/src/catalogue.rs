//! The known skills by name and version, after precedence has decided between equals.
//!
//! Precedence: skills the program registered itself, then the roots in their order, within a root
//! shallow folders before deep ones and then by path, and then embedded skills. Last come those that MCP servers offered:
//! their names are only what nobody else's is.

use std::collections::BTreeMap;
use std::sync::Arc;

use mycelium_types::SkillId;
use mycelium_types::SkillName;
use mycelium_types::Version;
use mycelium_types::VersionRange;

use crate::Collision;
use crate::CollisionKind;
use crate::SkillRecord;

/// The known skills.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// By name; the versions of one name from new to old.
    skills: BTreeMap<SkillName, Vec<Arc<SkillRecord>>>,
}

impl Catalogue {
    /// Puts the records, in order of precedence, into a catalogue. A record equal to one in `before`
    /// stays that one.
    pub(crate) fn assemble(records: Vec<SkillRecord>, before: &Self) -> (Self, Vec<Collision>) {
        let mut catalogue = Self::default();
        let mut collisions = Vec::new();
        let (offered, others): (Vec<_>, Vec<_>) =
            (records.into_iter()).partition(|record| record.place.server().is_some());
        for record in others.into_iter().chain(offered) {
            let versions = catalogue.skills.entry(record.name().clone()).or_default();
            if record.place.server().is_some()
                && let Some(winner) = newest(versions)
                && winner.place != record.place
            {
                collisions.push(Collision::new(CollisionKind::Server, winner, &record));
                continue;
            }
            let place = versions.binary_search_by(|known| record.version().cmp(known.version()));
            match place {
                Ok(index) => {
                    let winner = &versions[index];
                    collisions.push(Collision::new(CollisionKind::Duplicate, winner, &record));
                }
                Err(index) => {
                    let known = before.exact(record.name(), record.version());
                    let known = known.filter(|known| is_same(known, &record)).cloned();
                    versions.insert(index, known.unwrap_or_else(|| Arc::new(record)));
                }
            }
        }
        for versions in catalogue.skills.values() {
            let Some(winner) = newest(versions) else {
                continue;
            };
            let others = versions.iter().filter(|o| !o.place.is_like(&winner.place));
            collisions
                .extend(others.map(|loser| Collision::new(CollisionKind::Shadow, winner, loser)));
        }
        (catalogue, collisions)
    }

    /// All skills, by name, the newest version first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<SkillRecord>> {
        self.skills.values().flatten()
    }

    /// The names of all skills.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.skills.keys().map(SkillName::as_str)
    }

    /// The versions of one skill, the newest first.
    pub(crate) fn versions(&self, name: &SkillName) -> &[Arc<SkillRecord>] {
        self.skills.get(name).map_or(&[], Vec::as_slice)
    }

    /// The newest version in `range`; without a range, the newest release, or the newest of all if none
    /// is a release.
    pub(crate) fn get(
        &self,
        name: &SkillName,
        range: Option<&VersionRange>,
    ) -> Option<&Arc<SkillRecord>> {
        let versions = self.versions(name);
        match range {
            Some(range) => versions
                .iter()
                .find(|known| range.contains(known.version())),
            None => newest(versions),
        }
    }

    /// Exactly that version.
    pub(crate) fn exact(&self, name: &SkillName, version: &Version) -> Option<&Arc<SkillRecord>> {
        let versions = self.versions(name);
        let index = versions.binary_search_by(|known| version.cmp(known.version()));
        index.ok().map(|index| &versions[index])
    }

    /// Whether `other` has the very same records.
    pub(crate) fn is_unchanged(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count()
            && self
                .iter()
                .zip(other.iter())
                .all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// The skills that `before` does not have.
    pub(crate) fn added_since(&self, before: &Self) -> Vec<SkillId> {
        self.iter()
            .filter(|record| before.exact(record.name(), record.version()).is_none())
            .map(|record| record.id())
            .collect()
    }
}

/// Of versions from new to old, the first release, else the first.
fn newest(versions: &[Arc<SkillRecord>]) -> Option<&Arc<SkillRecord>> {
    versions
        .iter()
        .find(|known| !known.version().is_prerelease())
        .or_else(|| versions.first())
}

fn is_same(one: &SkillRecord, two: &SkillRecord) -> bool {
    Arc::ptr_eq(&one.manifest, &two.manifest)
        && one.source == two.source
        && one.place == two.place
        && one.remarks == two.remarks
}

impl Collision {
    fn new(kind: CollisionKind, winner: &SkillRecord, loser: &SkillRecord) -> Self {
        Self {
            kind,
            winner: winner.id(),
            winner_source: winner.source.clone(),
            loser: loser.id(),
            loser_source: loser.source.clone(),
        }
    }
}
