//! A folder with a skill in it, and a loader to load it with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_loader::EngineProbe;
use mycelium_loader::Host;
use mycelium_loader::LoadError;
use mycelium_loader::LoadRequest;
use mycelium_loader::Loader;
use mycelium_loader::NoEngines;
use mycelium_loader::Origin;
use mycelium_loader::SignatureRule;
use mycelium_loader::VerifiedSkill;
use mycelium_types::SkillSource;
use tempfile::TempDir;

/// The least a manifest has.
pub(crate) const MANIFEST: &str = r#"{
  "name": "hello-world",
  "version": "1.0.0",
  "description": "Greets",
  "entrypoint": "index.js",
  "exports": ["greet"]
}"#;

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) loader: Loader,
}

impl Fixture {
    /// An empty folder for a skill.
    pub(crate) fn empty() -> Self {
        Self::with_probe(Box::new(NoEngines))
    }

    pub(crate) fn with_probe(probe: Box<dyn EngineProbe>) -> Self {
        let folder = TempDir::new().unwrap();
        let loader = Loader::new(&folder.path().join("cache"), host(), probe);
        fs_err::create_dir(folder.path().join("skill")).unwrap();
        Self { folder, loader }
    }

    /// A skill that loads.
    pub(crate) fn hello() -> Self {
        let fixture = Self::empty();
        fixture.write("skill.json", MANIFEST);
        fixture.write(
            "index.js",
            "module.exports = { greet(name) { return name; } };",
        );
        fixture
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("skill")
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }

    pub(crate) fn link(&self, target: impl AsRef<Path>, path: &str) {
        fs_err::os::unix::fs::symlink(target, self.root().join(path)).unwrap();
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        let permissions = PermissionsExt::from_mode(mode);
        fs_err::set_permissions(self.root().join(path), permissions).unwrap();
    }

    /// Makes every file look as if it had not been changed for an hour, as far as that is possible: the
    /// change time itself cannot be set, so this waits until the loader believes it.
    pub(crate) fn settle() {
        std::thread::sleep(Duration::from_millis(2_050));
    }

    pub(crate) fn load(&self) -> Result<VerifiedSkill, LoadError> {
        self.load_folder(&self.root())
    }

    pub(crate) fn load_folder(&self, path: &Path) -> Result<VerifiedSkill, LoadError> {
        self.loader
            .load(&request(path, Origin::Local, SignatureRule::Optional))
    }
}

pub(crate) fn host() -> Host {
    Host {
        mycelium: "1.4.0".parse().unwrap(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
    }
}

pub(crate) fn request(path: &Path, origin: Origin, signatures: SignatureRule) -> LoadRequest {
    LoadRequest {
        source: SkillSource::Folder {
            path: path.to_owned(),
        },
        origin,
        signatures,
    }
}
