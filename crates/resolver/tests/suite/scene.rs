//! A store, a workspace and a registry, and short words for what tests do with them.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use std::time::SystemTime;

use mycelium_resolver::InstallError;
use mycelium_resolver::InstallEvent;
use mycelium_resolver::InstallObserver;
use mycelium_resolver::InstallRequest;
use mycelium_resolver::InstalledLayer;
use mycelium_resolver::NetworkUse;
use mycelium_resolver::NpmEnvironment;
use mycelium_resolver::PackageOrigin;
use mycelium_resolver::Platform;
use mycelium_resolver::Resolver;
use mycelium_resolver::ResolverError;
use mycelium_resolver::ResolverSettings;
use mycelium_resolver::workspace_lock;
use mycelium_types::Dependency;
use mycelium_types::DependencyKind;
use mycelium_types::SkillName;
use tempfile::TempDir;

use super::registry::Registry;

/// One machine with one workspace.
pub(super) struct Scene {
    root: TempDir,
    pub(super) registry: Registry,
    pub(super) npm: NpmEnvironment,
    pub(super) network: NetworkUse,
}

impl Scene {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let registry = Registry::start();
        let home = root.path().join("home");
        fs_err::create_dir_all(&home).unwrap();
        fs_err::write(
            home.join(".npmrc"),
            format!("registry={}\n", registry.url()),
        )
        .unwrap();
        let npm = NpmEnvironment {
            workspace: Some(root.path().join("workspace")),
            home: Some(home),
            variables: BTreeMap::new(),
        };
        Self {
            root,
            registry,
            npm,
            network: NetworkUse::Allowed,
        }
    }

    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.root.path().join(inside)
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path("store")
    }

    pub(super) fn lock(&self) -> PathBuf {
        workspace_lock(&self.path("workspace"))
    }

    pub(super) fn lock_text(&self) -> String {
        fs_err::read_to_string(self.lock()).unwrap()
    }

    /// Settings for a fast and nearby registry.
    pub(super) fn settings(&self) -> ResolverSettings {
        let mut settings = ResolverSettings::new(self.store());
        settings.network.pause = Duration::from_millis(1);
        // Tests count requests: none is to be repeated because the machine stood still.
        settings.network.connect = Duration::from_secs(120);
        settings.network.silence = Duration::from_secs(120);
        settings.platform = Platform {
            os: "linux".to_owned(),
            cpu: "x64".to_owned(),
        };
        settings
    }

    pub(super) fn resolver(&self) -> Resolver {
        Resolver::new(self.settings())
    }

    pub(super) fn request<'a>(
        &'a self,
        skill: &'a SkillName,
        dependencies: &'a [Dependency],
        lock: &'a Path,
    ) -> InstallRequest<'a> {
        InstallRequest {
            skill,
            dependencies,
            lock,
            network: self.network,
            npm: &self.npm,
        }
    }

    /// Installs with a resolver of its own, as another process would.
    pub(super) fn try_install(
        &self,
        dependencies: &[Dependency],
    ) -> Result<InstalledLayer, InstallError> {
        self.try_install_for("skill", dependencies)
    }

    pub(super) fn try_install_for(
        &self,
        skill: &str,
        dependencies: &[Dependency],
    ) -> Result<InstalledLayer, InstallError> {
        let request = self.lock();
        let skill = skill.parse().unwrap();
        let request = self.request(&skill, dependencies, &request);
        self.resolver().install(request, &())
    }

    pub(super) fn install(&self, dependencies: &[Dependency]) -> InstalledLayer {
        self.try_install(dependencies)
            .unwrap_or_else(|error| panic!("{}", error.error))
    }

    pub(super) fn fail(&self, dependencies: &[Dependency]) -> ResolverError {
        match self.try_install(dependencies) {
            Ok(installed) => panic!("it was installed: {:?}", packages(&installed)),
            Err(error) => error.error,
        }
    }

    /// Makes everything the registry said look an hour old.
    pub(super) fn let_metadata_age(&self) {
        let hour_ago = SystemTime::now() - Duration::from_secs(60 * 60);
        for registry in fs_err::read_dir(self.store().join("metadata")).unwrap() {
            for file in fs_err::read_dir(registry.unwrap().path()).unwrap() {
                let file = fs_err::OpenOptions::new()
                    .append(true)
                    .open(file.unwrap().path())
                    .unwrap();
                file.set_modified(hour_ago).unwrap();
            }
        }
    }

    pub(super) fn forget_layers(&self) {
        fs_err::remove_dir_all(self.store().join("layers")).unwrap();
    }

    pub(super) fn forget_packages(&self) {
        fs_err::remove_dir_all(self.store().join("npm")).unwrap();
    }

    pub(super) fn forget_metadata(&self) {
        fs_err::remove_dir_all(self.store().join("metadata")).unwrap();
    }

    /// The names in a folder of the store; none if there is no such folder.
    pub(super) fn names_in_store(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = match fs_err::read_dir(self.store().join(folder)) {
            Ok(entries) => entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect(),
            Err(_) => Vec::new(),
        };
        names.sort();
        names
    }

    /// Asserts that nothing of an unfinished installation is left.
    pub(super) fn assert_tidy(&self) {
        assert_eq!(self.names_in_store("tmp"), [""; 0]);
        assert_eq!(self.names_in_store("locks"), [""; 0]);
    }
}

/// npm dependencies by name and range.
pub(super) fn npm(dependencies: &[(&str, &str)]) -> Vec<Dependency> {
    dependencies
        .iter()
        .map(|(name, range)| Dependency {
            name: (*name).to_owned(),
            range: (*range).to_owned(),
            kind: DependencyKind::Npm,
            source: None,
            optional: false,
        })
        .collect()
}

/// An optional npm dependency.
pub(super) fn optional(name: &str, range: &str) -> Dependency {
    Dependency {
        optional: true,
        ..npm(&[(name, range)]).remove(0)
    }
}

/// The names and versions of what was installed.
pub(super) fn packages(installed: &InstalledLayer) -> Vec<String> {
    let keys = installed.packages.iter().map(|p| p.key.to_string());
    keys.collect()
}

/// The names and versions of what was downloaded.
pub(super) fn downloaded(installed: &InstalledLayer) -> Vec<String> {
    installed
        .packages
        .iter()
        .filter(|package| package.origin == PackageOrigin::Downloaded)
        .map(|package| package.key.to_string())
        .collect()
}

/// The file that `require(name)` finds from `from`, by Node's rules for packages with an `index.js`.
pub(super) fn required(from: &Path, name: &str) -> Option<String> {
    let from = fs_err::canonicalize(from).unwrap();
    from.ancestors()
        .filter(|folder| folder.file_name().is_none_or(|n| n != "node_modules"))
        .map(|folder| folder.join("node_modules").join(name).join("index.js"))
        .find(|file| file.exists())
        .map(|file| fs_err::read_to_string(file).unwrap())
}

/// What the skill finds when it requires a package.
pub(super) fn seen_by_skill(installed: &InstalledLayer, name: &str) -> Option<String> {
    required(&installed.layer.as_ref().unwrap().path, name)
}

/// What a direct dependency of the skill finds when it requires a package.
pub(super) fn seen_by(installed: &InstalledLayer, package: &str, name: &str) -> Option<String> {
    let layer = &installed.layer.as_ref().unwrap().path;
    required(&layer.join("node_modules").join(package), name)
}

/// Writes events down.
#[derive(Default)]
pub(super) struct Notebook(Mutex<Vec<String>>);

impl Notebook {
    /// The events, without the sizes, in order.
    pub(super) fn read(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl InstallObserver for Notebook {
    fn observe(&self, event: InstallEvent<'_>) {
        let text = match event {
            InstallEvent::Resolving { dependencies } => format!("resolving {dependencies}"),
            InstallEvent::Fetching { packages } => format!("fetching {packages}"),
            InstallEvent::Started { package, size } => {
                format!("started {package} {}", size.is_some())
            }
            InstallEvent::Received { package, bytes } => {
                assert!(bytes > 0);
                format!("received {package}")
            }
            InstallEvent::Finished { package } => format!("finished {package}"),
        };
        self.0.lock().unwrap().push(text);
    }
}

/// Says why a test cannot run here; that is a failure where everything must run.
pub(super) fn cannot_run(reason: &str) {
    #[expect(clippy::disallowed_methods, reason = "the variable is for tests")]
    let required = std::env::var_os("MYCELIUM_TEST_REQUIRE");
    assert!(required.is_none_or(|value| value != "all"), "{reason}");
    #[expect(clippy::print_stderr, reason = "who runs the tests should know")]
    {
        eprintln!("skipped: {reason}");
    }
}
