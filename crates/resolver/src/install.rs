//! The way from what a skill asks for to a layer it can be given.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use mycelium_types::Dependency;
use mycelium_types::Digest;
use mycelium_types::Message;
use mycelium_types::SkillName;

use crate::CacheStatistics;
use crate::DependencyStatus;
use crate::InstallError;
use crate::InstallEvent;
use crate::InstallNote;
use crate::InstallObserver;
use crate::InstallRequest;
use crate::InstalledLayer;
use crate::InstalledPackage;
use crate::Integrity;
use crate::Layer;
use crate::LayerCheck;
use crate::NetworkUse;
use crate::PackageKey;
use crate::PackageOrigin;
use crate::ResolverError;
use crate::ResolverSettings;
use crate::VersionSource;
use crate::client::Client;
use crate::fetch::Fetching;
use crate::layer;
use crate::lock;
use crate::metadata::Metadata;
use crate::pool::for_each;
use crate::registry::RegistryConfiguration;
use crate::requested::Requested;
use crate::resolution::ResolutionLimits;
use crate::resolution::resolve;
use crate::statistics::Counters;
use crate::store::FileLock;
use crate::store::Staging;
use crate::store::Store;
use crate::store::StoredPackage;
use crate::tree::DependencyTree;
use crate::tree::LayerPlan;

/// Installs the dependencies of skills into one store.
///
/// It may be used from several threads at once, and several processes may use one store. All its
/// methods block.
///
/// ```no_run
/// use mycelium_resolver::{InstallRequest, NetworkUse, NpmEnvironment, Resolver, ResolverSettings};
/// use mycelium_resolver::workspace_lock;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let resolver = Resolver::new(ResolverSettings::new("/home/me/.cache/mycelium"));
/// let installed = resolver.install(
///     InstallRequest {
///         skill: &"hello-world".parse()?,
///         dependencies: &[],
///         lock: &workspace_lock("/home/me/project".as_ref()),
///         network: NetworkUse::Allowed,
///         npm: &NpmEnvironment::default(),
///     },
///     &(),
/// )?;
/// assert!(installed.layer.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Resolver {
    settings: ResolverSettings,
    store: Store,
    counters: Counters,
}

/// The packages of a layer, each with where its files came from.
type Origins = BTreeMap<PackageKey, PackageOrigin>;

/// What an installation found out before there is a layer.
struct Chosen {
    tree: DependencyTree,
    notes: Vec<InstallNote>,
    versions: VersionSource,
    /// Whether the lock is to be written: these versions are new and would be chosen again.
    is_new: bool,
}

impl Resolver {
    /// Makes a resolver; touches nothing.
    #[must_use]
    pub fn new(settings: ResolverSettings) -> Self {
        Self {
            store: Store::new(settings.store.clone()),
            settings,
            counters: Counters::default(),
        }
    }

    /// Installs what a skill asks for.
    ///
    /// If the lock has versions for exactly this and their layer exists, this reads the lock and
    /// looks whether the layer is there, nothing else. If only the layer is missing, it fetches
    /// what is not stored. Else it chooses versions, keeping those of the lock that still fit,
    /// fetches, and writes the skill's section of the lock when all is done.
    ///
    /// Install scripts of packages are never run.
    ///
    /// # Errors
    ///
    /// [`InstallError`] says what can go wrong. Whatever does, what is in the store is complete.
    pub fn install(
        &self,
        request: InstallRequest<'_>,
        observer: &dyn InstallObserver,
    ) -> Result<InstalledLayer, InstallError> {
        self.install_packages(request, observer)
            .map_err(|error| error.of_skill(request.skill))
    }

    /// What is known about a skill's dependencies without resolving or fetching anything.
    ///
    /// # Errors
    ///
    /// Fails if the lock cannot be read.
    pub fn status(
        &self,
        skill: &SkillName,
        dependencies: &[Dependency],
        lock: &Path,
    ) -> Result<Vec<DependencyStatus>, InstallError> {
        let tree = lock::read(lock, skill)
            .map_err(|error| error.of_skill(skill))?
            .unwrap_or_default();
        let status = |dependency: &Dependency| {
            let name = dependency.name.parse().ok();
            let locked = name
                .as_ref()
                .filter(|name| tree.requested.get(name).map(String::as_str) == Some(dependency.range.trim()))
                .and_then(|name| tree.resolved.get(name));
            DependencyStatus {
                name: dependency.name.clone(),
                range: dependency.range.clone(),
                resolved: locked.map(|key| key.version().clone()),
                cached: locked
                    .is_some_and(|key| self.store.has_package(&tree.packages[key].integrity)),
            }
        };
        Ok(dependencies.iter().map(status).collect())
    }

    /// Checks that an installed layer is still what was laid out: every file's content and mode,
    /// every link, and nothing besides.
    ///
    /// # Errors
    ///
    /// Fails if the layer cannot be read. What is wrong with it is in the result.
    pub fn verify(&self, digest: &Digest) -> Result<LayerCheck, ResolverError> {
        layer::check(&self.store.layer(digest), digest)
    }

    /// How often the store had what was needed.
    #[must_use]
    pub fn statistics(&self) -> CacheStatistics {
        self.counters.read()
    }

    fn install_packages(
        &self,
        request: InstallRequest<'_>,
        observer: &dyn InstallObserver,
    ) -> Result<InstalledLayer, ResolverError> {
        let start = Instant::now();
        let (requested, notes) = Requested::read(request.dependencies)?;
        let locked = lock::read(request.lock, request.skill)?;
        if requested.is_empty() {
            if locked.is_some() {
                self.write_lock(request, None)?;
            }
            let nothing = Chosen {
                tree: DependencyTree::default(),
                notes,
                versions: VersionSource::Lock,
                is_new: false,
            };
            return Ok(self.report(nothing, &Origins::new(), start, /*network_used*/ false));
        }

        let answer = locked.as_ref().filter(|tree| requested.is_answered_by(tree));
        if let Some(tree) = answer {
            let (plan, _) = tree.plan(&self.settings.platform);
            if plan.packages.is_empty() || layer::exists(&self.store.layer(&plan.digest())) {
                self.counters.layers().hit(1);
                let chosen = from_lock(tree.clone(), notes);
                return Ok(self.report(chosen, &all_cached(&plan), start, false));
            }
        }

        let configuration = RegistryConfiguration::read(request.npm)?;
        let client = match request.network {
            NetworkUse::Allowed => Some(Client::new(&configuration, &self.settings.network)),
            NetworkUse::Offline => None,
        };
        let metadata = Metadata::new(
            &self.store,
            &configuration,
            client.as_ref(),
            self.settings.metadata_ttl,
            &self.counters,
        );
        let mut chosen = match answer {
            Some(tree) => from_lock(tree.clone(), notes),
            None => {
                let dependencies = requested.len();
                observer.observe(InstallEvent::Resolving { dependencies });
                self.resolve(&requested, locked.as_ref(), notes, &metadata)?
            }
        };

        let (plan, _) = chosen.tree.plan(&self.settings.platform);
        let fetching = Fetching {
            configuration: &configuration,
            client: client.as_ref(),
            metadata: &metadata,
            limits: &self.settings.archive,
            observer,
        };
        let origins = self.lay_out(&plan, &fetching)?;
        if chosen.is_new {
            self.write_lock(request, Some(&chosen.tree))?;
        }
        let stale = metadata.stale().into_iter();
        chosen
            .notes
            .extend(stale.map(|package| InstallNote::StaleMetadata { package }));
        let network_used = client.as_ref().is_some_and(Client::was_used);
        Ok(self.report(chosen, &origins, start, network_used))
    }

    fn resolve(
        &self,
        requested: &Requested,
        locked: Option<&DependencyTree>,
        mut notes: Vec<InstallNote>,
        metadata: &Metadata<'_>,
    ) -> Result<Chosen, ResolverError> {
        let limits = ResolutionLimits {
            packages: self.settings.packages,
            parallel: self.settings.network.parallel,
        };
        let resolution = resolve(requested, locked, metadata, limits)?;
        notes.extend(resolution.notes);
        Ok(Chosen {
            tree: resolution.tree,
            notes,
            versions: VersionSource::Resolver,
            is_new: resolution.is_final,
        })
    }

    /// Makes sure that the layer exists. One process at a time makes it, the others wait for it.
    fn lay_out(
        &self,
        plan: &LayerPlan,
        fetching: &Fetching<'_>,
    ) -> Result<Origins, ResolverError> {
        let digest = plan.digest();
        let place = self.store.layer(&digest);
        if plan.packages.is_empty() || layer::exists(&place) {
            self.counters.layers().hit(1);
            return Ok(all_cached(plan));
        }
        let lock = self.store.layer_lock(&digest)?;
        let _making = FileLock::acquire(&lock, self.settings.lock_patience)?;
        if layer::exists(&place) {
            self.counters.layers().hit(1);
            return Ok(all_cached(plan));
        }
        self.counters.layers().miss(1);

        let staging = self.store.stage()?;
        let origins = self.fetch(plan, fetching, &staging)?;
        let mut packages = BTreeMap::new();
        for (key, package) in &plan.packages {
            packages.insert(key.clone(), self.stored(&package.integrity, &staging)?);
        }
        let folder = staging.unused_path();
        layer::lay_out(plan, &packages, &folder, self.settings.network.parallel)?;
        self.store.commit_layer(&digest, &folder, &staging)?;
        Ok(origins)
    }

    /// Stores the packages that are not. What was fetched is stored even if something else cannot
    /// be, so that the next attempt has less to do.
    fn fetch(
        &self,
        plan: &LayerPlan,
        fetching: &Fetching<'_>,
        staging: &Staging,
    ) -> Result<Origins, ResolverError> {
        let mut origins = all_cached(plan);
        let mut missing: BTreeMap<&Integrity, &PackageKey> = BTreeMap::new();
        for (key, package) in &plan.packages {
            let stored = self.store.package(&package.integrity, staging)?;
            if stored.is_none() {
                missing.insert(&package.integrity, key);
                origins.insert(key.clone(), PackageOrigin::Downloaded);
            }
        }
        self.counters.packages().miss(missing.len());
        self.counters
            .packages()
            .hit(plan.packages.len().saturating_sub(missing.len()));
        if missing.is_empty() {
            return Ok(origins);
        }
        let packages = missing.len();
        fetching.observer.observe(InstallEvent::Fetching { packages });
        let missing: Vec<_> = missing.into_iter().collect();
        let parallel = self.settings.network.parallel;
        let (fetched, outcome) = for_each(&missing, parallel, |(integrity, key), stopped| {
            let folder = fetching.fetch(key, integrity, staging, stopped)?;
            Ok((*integrity, folder))
        });
        let staged = fetched
            .iter()
            .map(|(integrity, folder): &(&Integrity, PathBuf)| (*integrity, folder.as_path()));
        self.store.commit_packages(staged)?;
        outcome.map(|()| origins)
    }

    fn stored(
        &self,
        integrity: &Integrity,
        staging: &Staging,
    ) -> Result<StoredPackage, ResolverError> {
        // It was there a moment ago; somebody is clearing the store.
        self.store
            .package(integrity, staging)?
            .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound).into())
    }

    fn write_lock(
        &self,
        request: InstallRequest<'_>,
        tree: Option<&DependencyTree>,
    ) -> Result<(), ResolverError> {
        let patience = self.settings.lock_patience;
        lock::write(request.lock, request.skill, tree, patience)
    }

    fn report(
        &self,
        chosen: Chosen,
        origins: &Origins,
        start: Instant,
        network_used: bool,
    ) -> InstalledLayer {
        let (plan, foreign) = chosen.tree.plan(&self.settings.platform);
        let mut notes = chosen.notes;
        let foreign = foreign.into_iter();
        notes.extend(foreign.map(|dependency| InstallNote::OtherPlatform { dependency }));
        let with_script = |key: &&PackageKey| chosen.tree.packages[*key].install_script;
        let scripts = plan.packages.keys().filter(with_script).cloned();
        notes.extend(scripts.map(|package| InstallNote::ScriptNotRun { package }));

        let layer = (!plan.packages.is_empty()).then(|| {
            let digest = plan.digest();
            let path = self.store.layer(&digest);
            Layer { path, digest }
        });
        let packages = plan
            .packages
            .into_iter()
            .map(|(key, package)| InstalledPackage {
                integrity: package.integrity,
                origin: origins.get(&key).copied().unwrap_or(PackageOrigin::Cached),
                key,
            });
        InstalledLayer {
            layer,
            packages: packages.collect(),
            notes,
            duration: start.elapsed(),
            versions: chosen.versions,
            network_used,
        }
    }
}

/// What the lock has, with a note for each optional dependency it could not have.
fn from_lock(tree: DependencyTree, mut notes: Vec<InstallNote>) -> Chosen {
    let left_out = tree
        .optional
        .iter()
        .filter(|name| !tree.resolved.contains_key(*name));
    notes.extend(left_out.map(|name| InstallNote::OptionalSkipped {
        dependency: name.clone(),
        reason: Message::new("dependency-absent-before"),
    }));
    Chosen {
        tree,
        notes,
        versions: VersionSource::Lock,
        is_new: false,
    }
}

fn all_cached(plan: &LayerPlan) -> Origins {
    let keys = plan.packages.keys().cloned();
    keys.map(|key| (key, PackageOrigin::Cached)).collect()
}
