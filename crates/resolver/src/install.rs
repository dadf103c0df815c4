//! The way from what a skill asks for to a layer it can be given.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
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
use crate::Platform;
use crate::ResolverError;
use crate::ResolverSettings;
use crate::VersionSource;
use crate::client::Client;
use crate::fetch::Fetching;
use crate::layer;
use crate::lock;
use crate::metadata::Memory;
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
    memory: Memory,
    counters: Counters,
}

/// The versions of an installation, and the layer they make.
struct Chosen {
    tree: DependencyTree,
    plan: LayerPlan,
    digest: Digest,
    notes: Vec<InstallNote>,
    versions: VersionSource,
    /// Whether the lock is to be written: these versions are new and would be chosen again.
    is_new: bool,
}

/// What an installation begins with.
enum Beginning {
    /// The lock answers the request.
    Locked(Chosen),
    /// Versions are to be chosen, these preferred.
    Open(Option<DependencyTree>, Vec<InstallNote>),
}

/// The stored packages of a plan.
type Packages = BTreeMap<PackageKey, StoredPackage>;

/// The packages that were not stored before.
type Downloaded = BTreeSet<PackageKey>;

impl Resolver {
    /// Makes a resolver; touches nothing.
    #[must_use]
    pub fn new(settings: ResolverSettings) -> Self {
        Self {
            store: Store::new(settings.store.clone()),
            settings,
            memory: Memory::default(),
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
                .filter(|name| {
                    tree.requested.get(name).map(String::as_str) == Some(dependency.range.trim())
                })
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
        let platform = &self.settings.platform;
        let (requested, notes) = Requested::read(request.dependencies)?;
        let locked = lock::read(request.lock, request.skill)?;
        if requested.is_empty() {
            if locked.is_some() {
                self.write_lock(request, None)?;
            }
            let nothing = Chosen::from_lock(DependencyTree::default(), platform, notes);
            return Ok(self.report(nothing, &Downloaded::new(), start));
        }
        let beginning = match locked {
            Some(tree) if requested.is_answered_by(&tree) => {
                let chosen = Chosen::from_lock(tree, platform, notes);
                if self.has_layer(&chosen) {
                    self.counters.layers().hit(1);
                    return Ok(self.report(chosen, &Downloaded::new(), start));
                }
                Beginning::Locked(chosen)
            }
            preferred => Beginning::Open(preferred, notes),
        };

        let configuration = RegistryConfiguration::read(request.npm)?;
        let client = match request.network {
            NetworkUse::Allowed => Some(Client::new(&configuration, &self.settings.network)),
            NetworkUse::Offline => None,
        };
        let metadata = Metadata::new(
            &self.store,
            &self.memory,
            &configuration,
            client.as_ref(),
            self.settings.metadata_ttl,
            &self.counters,
        );
        let mut chosen = match beginning {
            Beginning::Locked(chosen) => chosen,
            Beginning::Open(preferred, notes) => {
                let dependencies = requested.len();
                observer.observe(InstallEvent::Resolving { dependencies });
                self.choose(&requested, preferred.as_ref(), notes, &metadata)?
            }
        };
        let fetching = Fetching {
            configuration: &configuration,
            client: client.as_ref(),
            metadata: &metadata,
            limits: &self.settings.archive,
            observer,
        };
        let downloaded = self.lay_out(&chosen, &fetching)?;
        if chosen.is_new {
            self.write_lock(request, Some(&chosen.tree))?;
        }
        let stale = metadata.stale().into_iter();
        chosen
            .notes
            .extend(stale.map(|package| InstallNote::StaleMetadata { package }));
        let mut report = self.report(chosen, &downloaded, start);
        report.network_used = client.as_ref().is_some_and(Client::was_used);
        Ok(report)
    }

    fn choose(
        &self,
        requested: &Requested,
        preferred: Option<&DependencyTree>,
        mut notes: Vec<InstallNote>,
        metadata: &Metadata<'_>,
    ) -> Result<Chosen, ResolverError> {
        let limits = ResolutionLimits {
            packages: self.settings.packages,
            steps: self.settings.steps,
            patience: self.settings.resolution_patience,
            parallel: self.settings.network.parallel,
        };
        let resolution = resolve(requested, preferred, metadata, limits)?;
        notes.extend(resolution.notes);
        let platform = &self.settings.platform;
        let mut chosen = Chosen::new(resolution.tree, platform, notes, VersionSource::Resolver);
        chosen.is_new = resolution.is_final;
        Ok(chosen)
    }

    fn has_layer(&self, chosen: &Chosen) -> bool {
        chosen.plan.packages.is_empty() || layer::exists(&self.store.layer(&chosen.digest))
    }

    /// Makes sure that the layer exists. One process at a time makes it, the others wait for it.
    fn lay_out(
        &self,
        chosen: &Chosen,
        fetching: &Fetching<'_>,
    ) -> Result<Downloaded, ResolverError> {
        let Chosen { plan, digest, .. } = chosen;
        if self.has_layer(chosen) {
            self.counters.layers().hit(1);
            return Ok(Downloaded::new());
        }
        let lock = self.store.layer_lock(digest)?;
        let _making = FileLock::acquire(&lock, self.settings.lock_patience)?;
        if self.has_layer(chosen) {
            self.counters.layers().hit(1);
            return Ok(Downloaded::new());
        }
        self.counters.layers().miss(1);

        let staging = self.store.stage()?;
        let (packages, downloaded) = self.gather(plan, fetching, &staging)?;
        let folder = staging.unused_path();
        layer::lay_out(plan, &packages, &folder, self.settings.network.parallel)?;
        self.store.commit_layer(digest, &folder, &staging)?;
        Ok(downloaded)
    }

    /// The packages of a plan, after fetching those that are not stored.
    fn gather(
        &self,
        plan: &LayerPlan,
        fetching: &Fetching<'_>,
        staging: &Staging,
    ) -> Result<(Packages, Downloaded), ResolverError> {
        let mut packages = Packages::new();
        let mut missing: BTreeMap<&Integrity, &PackageKey> = BTreeMap::new();
        let mut downloaded = Downloaded::new();
        for (key, package) in &plan.packages {
            match self.store.package(&package.integrity, staging)? {
                Some(stored) => {
                    packages.insert(key.clone(), stored);
                }
                None => {
                    missing.insert(&package.integrity, key);
                    downloaded.insert(key.clone());
                }
            }
        }
        self.counters.packages().hit(packages.len());
        self.counters.packages().miss(downloaded.len());
        self.fetch(missing.into_iter().collect(), fetching, staging)?;
        for key in &downloaded {
            let stored = self.store.package(&plan.packages[key].integrity, staging)?;
            // It was stored a moment ago: somebody is clearing the store.
            let stored = stored.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            packages.insert(key.clone(), stored);
        }
        Ok((packages, downloaded))
    }

    /// Fetches and stores packages. What was fetched is stored even if something else cannot be, so
    /// that the next attempt has less to do.
    fn fetch(
        &self,
        missing: Vec<(&Integrity, &PackageKey)>,
        fetching: &Fetching<'_>,
        staging: &Staging,
    ) -> Result<(), ResolverError> {
        if missing.is_empty() {
            return Ok(());
        }
        let packages = missing.len();
        fetching
            .observer
            .observe(InstallEvent::Fetching { packages });
        let parallel = self.settings.network.parallel;
        let (fetched, outcome) = for_each(&missing, parallel, |(integrity, key), stopped| {
            let folder = fetching.fetch(key, integrity, staging, stopped)?;
            Ok((*integrity, folder))
        });
        let staged = fetched
            .iter()
            .map(|(integrity, folder): &(&Integrity, PathBuf)| (*integrity, folder.as_path()));
        self.store.commit_packages(staged)?;
        outcome
    }

    fn write_lock(
        &self,
        request: InstallRequest<'_>,
        tree: Option<&DependencyTree>,
    ) -> Result<(), ResolverError> {
        let patience = self.settings.lock_patience;
        lock::write(request.lock, request.skill, tree, patience)
    }

    fn report(&self, chosen: Chosen, downloaded: &Downloaded, start: Instant) -> InstalledLayer {
        let Chosen { plan, digest, .. } = chosen;
        let layer = (!plan.packages.is_empty()).then(|| Layer {
            path: self.store.layer(&digest),
            digest,
        });
        let packages = plan.packages.into_iter().map(|(key, package)| {
            let origin = if downloaded.contains(&key) {
                PackageOrigin::Downloaded
            } else {
                PackageOrigin::Cached
            };
            InstalledPackage {
                key,
                integrity: package.integrity,
                origin,
            }
        });
        InstalledLayer {
            layer,
            packages: packages.collect(),
            notes: chosen.notes,
            duration: start.elapsed(),
            versions: chosen.versions,
            network_used: false,
        }
    }
}

impl Chosen {
    fn new(
        tree: DependencyTree,
        platform: &Platform,
        mut notes: Vec<InstallNote>,
        versions: VersionSource,
    ) -> Self {
        let (plan, foreign) = tree.plan(platform);
        let foreign = foreign.into_iter();
        notes.extend(foreign.map(|dependency| InstallNote::OtherPlatform { dependency }));
        let keys = plan.packages.keys();
        let scripts = keys.filter(|key| tree.packages[*key].install_script);
        notes.extend(
            scripts
                .cloned()
                .map(|package| InstallNote::ScriptNotRun { package }),
        );
        Self {
            digest: plan.digest(),
            tree,
            plan,
            notes,
            versions,
            is_new: false,
        }
    }

    /// What the lock has, with a note for each optional dependency it could not have.
    fn from_lock(tree: DependencyTree, platform: &Platform, mut notes: Vec<InstallNote>) -> Self {
        let left_out = tree
            .optional
            .iter()
            .filter(|name| !tree.resolved.contains_key(*name));
        notes.extend(left_out.map(|name| InstallNote::OptionalSkipped {
            dependency: name.clone(),
            reason: Message::new("dependency-absent-before"),
        }));
        Self::new(tree, platform, notes, VersionSource::Lock)
    }
}
