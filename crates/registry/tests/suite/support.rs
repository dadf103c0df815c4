//! Folders with skills in them, and a registry of them.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use mycelium_registry::Discovery;
use mycelium_registry::IgnoreFile;
use mycelium_registry::Registration;
use mycelium_registry::Registry;
use mycelium_registry::Root;
use mycelium_registry::RootKind;
use mycelium_registry::Verdict;
use mycelium_types::Manifest;
use mycelium_types::SkillSource;
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) registry: Registry,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let registry = Registry::open(&folder.path().join("state/registry.db"));
        Self { folder, registry }
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("state/registry.db")
    }

    /// Another registry on the same file, as a new process would have it.
    pub(crate) fn reopen(&mut self) {
        self.registry = Registry::open(&self.database());
    }

    /// A skill in the folder `path`, last changed long ago.
    pub(crate) fn skill(&self, path: impl AsRef<Path>, name: &str, version: &str) {
        self.manifest(path, manifest_json(name, version, ""));
    }

    /// A `skill.json` in the folder `path`, last changed long ago.
    pub(crate) fn manifest(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let folder = self.path(path);
        fs_err::create_dir_all(&folder).unwrap();
        let file = folder.join("skill.json");
        fs_err::write(&file, content).unwrap();
        make_old(&file);
    }

    pub(crate) fn link(&self, target: impl AsRef<Path>, path: impl AsRef<Path>) {
        fs_err::os::unix::fs::symlink(target, self.path(path)).unwrap();
    }

    pub(crate) fn root(&self, path: &str, kind: RootKind) -> Root {
        Root {
            path: self.path(path),
            kind,
        }
    }

    /// Discovers below one root of the workspace.
    pub(crate) fn discover(&self, root: &str) -> Discovery {
        self.discover_in(&[(root, RootKind::Workspace)])
    }

    pub(crate) fn discover_in(&self, roots: &[(&str, RootKind)]) -> Discovery {
        let roots: Vec<_> = roots
            .iter()
            .map(|(path, kind)| self.root(path, *kind))
            .collect();
        self.registry.discover(&roots, &self.ignore())
    }

    fn ignore(&self) -> [IgnoreFile; 1] {
        [IgnoreFile {
            path: self.path(".claude/skills-ignore"),
            base: self.folder.path().to_owned(),
        }]
    }

    /// The verdict on the folder `path`.
    pub(crate) fn verdict(&self, discovery: &Discovery, path: &str) -> Verdict {
        let path = self.path(path);
        let mut found = discovery.candidates.iter().filter(|c| c.path == path);
        let verdict = found.next().unwrap_or_else(|| panic!("{}", path.display()));
        assert_eq!(found.next(), None, "one verdict for each folder");
        verdict.verdict.clone()
    }
}

/// Backdates a file, so that what was read of it may be remembered.
pub(crate) fn make_old(file: &Path) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = fs_err::File::options().write(true).open(file).unwrap();
    file.set_modified(long_ago).unwrap();
}

pub(crate) fn manifest_json(name: &str, version: &str, fields: &str) -> String {
    format!(
        r#"{{"name": "{name}", "version": "{version}", "description": "Does {name}", {fields}
            "entrypoint": "index.js", "exports": ["run"]}}"#
    )
}

pub(crate) fn manifest(name: &str, version: &str, fields: &str) -> Manifest {
    let json = manifest_json(name, version, fields);
    Manifest::read(json.as_bytes(), "skill.json")
        .manifest
        .unwrap()
}

/// A skill registered by the program, in a folder of its own.
pub(crate) fn registration(name: &str, version: &str, fields: &str) -> Registration {
    Registration {
        manifest: manifest(name, version, fields),
        source: SkillSource::Folder {
            path: format!("/program/{name}-{version}").into(),
        },
    }
}

/// A skill compiled in.
pub(crate) fn embedded(name: &str, version: &str) -> Registration {
    Registration {
        manifest: manifest(name, version, ""),
        source: SkillSource::Embedded {
            name: name.parse().unwrap(),
        },
    }
}

/// The names and versions of skills.
pub(crate) fn ids(discovery: &Discovery) -> Vec<String> {
    discovery
        .skills
        .iter()
        .map(|skill| skill.id().to_string())
        .collect()
}
