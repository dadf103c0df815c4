//! What registries say about packages: asked for once, kept, and asked again when it is old.

mod cache;
mod memory;
mod trim;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use deno_npm::registry::NpmPackageInfo;
use mycelium_types::Version;

use self::cache::MetadataCache;
use self::memory::Known;
pub(crate) use self::memory::Memory;
use crate::PackageName;
use crate::ResolverError;
use crate::client::Answer;
use crate::client::Client;
use crate::client::Question;
use crate::client::Transfer;
use crate::client::read_body;
use crate::registry::RegistryConfiguration;
use crate::statistics::Counters;
use crate::store::Store;

/// The registry's shortest description that has all that installing needs; a registry that does not
/// know it sends the long one.
const ACCEPT: &str =
    "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*; q=0.5";

/// The descriptions of packages, from the cache and from registries.
pub(crate) struct Metadata<'a> {
    cache: MetadataCache<'a>,
    configuration: &'a RegistryConfiguration,
    /// `None` if the network is not to be used.
    client: Option<&'a Client<'a>>,
    ttl: Duration,
    counters: &'a Counters,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Packages that a registry was asked for in this installation.
    asked: BTreeSet<PackageName>,
    /// Packages whose description is older than it should be, for want of a registry.
    stale: BTreeSet<PackageName>,
    /// Whether whatever was not asked for is taken for old.
    refreshing: bool,
}

/// A package's description.
pub(crate) type Description = Arc<NpmPackageInfo>;

impl<'a> Metadata<'a> {
    pub(crate) fn new(
        store: &Store,
        memory: &'a Memory,
        configuration: &'a RegistryConfiguration,
        client: Option<&'a Client<'a>>,
        ttl: Duration,
        counters: &'a Counters,
    ) -> Self {
        Self {
            cache: MetadataCache::new(store.clone(), memory),
            configuration,
            client,
            ttl,
            counters,
            state: Mutex::default(),
        }
    }

    /// The description of a package if it is remembered, so that having it costs next to nothing.
    pub(crate) fn remembered(&self, package: &PackageName) -> Option<Description> {
        let ttl = self.ttl_of(package);
        let registry = self.configuration.registry(package);
        let known = self.cache.remembered(registry, package, ttl)?;
        self.counters.metadata().hit(1);
        Some(known.description)
    }

    /// The description of a package: the kept one if it is young enough or there is nothing better
    /// to be had, else the registry's.
    ///
    /// # Errors
    ///
    /// Fails if the registry has no such package, cannot be reached or answers nonsense and
    /// nothing is kept, or if the network is not to be used.
    pub(crate) fn get(&self, package: &PackageName) -> Result<Description, ResolverError> {
        let registry = self.configuration.registry(package);
        match self.cache.known(registry, package, self.ttl_of(package)) {
            Some(known) => {
                self.counters.metadata().hit(1);
                Ok(known.description)
            }
            None => self.ask(package),
        }
    }

    /// How old a package's description may be.
    fn ttl_of(&self, package: &PackageName) -> Duration {
        let state = self.state();
        if self.client.is_none() || state.asked.contains(package) {
            Duration::MAX
        } else if state.refreshing {
            Duration::ZERO
        } else {
            self.ttl
        }
    }

    /// The description of a package, asking its registry; one that is kept is only confirmed if
    /// nothing changed, and used as it is if the registry cannot be reached.
    fn ask(&self, package: &PackageName) -> Result<Description, ResolverError> {
        let Some(client) = self.client else {
            let wanted = package.to_string();
            return Err(ResolverError::Offline { wanted });
        };
        self.counters.metadata().miss(1);
        let registry = self.configuration.registry(package);
        let known = self.cache.known(registry, package, Duration::MAX);
        let answer = self.ask_registry(client, package, known.as_ref());
        match (answer, known) {
            (Ok(description), _) => {
                self.state().asked.insert(package.clone());
                Ok(description)
            }
            (Err(ResolverError::Unreachable { url, problem, .. }), Some(known)) => {
                tracing::warn!(%package, url, problem, "an old description is used");
                let mut state = self.state();
                state.asked.insert(package.clone());
                state.stale.insert(package.clone());
                Ok(known.description)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn ask_registry(
        &self,
        client: &Client<'_>,
        package: &PackageName,
        known: Option<&Known>,
    ) -> Result<Description, ResolverError> {
        let target = self.configuration.description(package)?;
        let question = Question {
            target: &target,
            accept: ACCEPT,
            transfer: Transfer::Compressed,
            etag: known.and_then(|known| known.etag.as_deref()),
        };
        let limit = client.limits().metadata_bytes;
        let answer = client.ask(question, |answer| match answer {
            Answer::Found(mut found) => {
                let bytes = read_body(&mut found, &target.url, limit)?;
                Ok(Some((bytes, found.etag)))
            }
            Answer::Unchanged => Ok(None),
            Answer::Missing => Err(ResolverError::PackageNotFound {
                package: package.to_string(),
            }
            .into()),
        })?;
        let registry = self.configuration.registry(package);
        match (answer, known) {
            (Some((bytes, etag)), _) => {
                let bad = |problem| ResolverError::BadMetadata {
                    package: package.to_string(),
                    problem,
                };
                let trimmed = trim::trim(&bytes, package).map_err(bad)?;
                self.cache
                    .keep(registry, package, etag.as_deref(), &trimmed)?;
                NpmPackageInfo::from_packument_bytes(trimmed)
                    .map(Arc::new)
                    .map_err(bad)
            }
            (None, Some(known)) => {
                self.cache.confirm(registry, package);
                Ok(known.description.clone())
            }
            // Nothing was said to be known.
            (None, None) => Err(ResolverError::BadMetadata {
                package: package.to_string(),
                problem: "HTTP status 304".to_owned(),
            }),
        }
    }

    /// What is known about where a version's archive is, however old.
    pub(crate) fn kept_archive(&self, package: &PackageName, version: &Version) -> Option<String> {
        let registry = self.configuration.registry(package);
        let known = self.cache.known(registry, package, Duration::MAX)?;
        archive_of(&known.description, version)
    }

    /// What the registry says about where a version's archive is.
    ///
    /// # Errors
    ///
    /// Fails as [`get`](Self::get) does, or if the registry does not know the version.
    pub(crate) fn ask_archive(
        &self,
        package: &PackageName,
        version: &Version,
    ) -> Result<String, ResolverError> {
        let description = self.ask(package)?;
        archive_of(&description, version).ok_or_else(|| ResolverError::PackageNotFound {
            package: format!("{package}@{version}"),
        })
    }

    /// From now on takes every description for old that no registry was asked for in this
    /// installation, and tells whether there may be any.
    pub(crate) fn refresh(&self) -> bool {
        let mut state = self.state();
        self.client.is_some() && !std::mem::replace(&mut state.refreshing, true)
    }

    /// The packages whose description is older than it should be.
    pub(crate) fn stale(&self) -> Vec<PackageName> {
        self.state().stale.iter().cloned().collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn archive_of(description: &Description, version: &Version) -> Option<String> {
    let version = deno_semver::Version::parse_from_npm(&version.to_string()).ok()?;
    let info = description.versions.get(&version)?;
    info.dist.as_ref().map(|dist| dist.tarball.clone())
}
