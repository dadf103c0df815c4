//! The repository as cargo sees it.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::ChoreError;
use crate::program::Program;
use crate::program::environment;

/// The repository as cargo sees it.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// Its folder.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    /// Its packages.
    pub(crate) packages: Vec<Package>,
}

/// One package of the repository.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its sentence.
    pub(crate) description: Option<String>,
    /// Its `Cargo.toml`.
    pub(crate) manifest_path: PathBuf,
    /// What it depends on directly.
    pub(crate) dependencies: Vec<Dependency>,
}

/// What a package depends on directly.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The other package.
    pub(crate) name: String,
    /// `dev` or `build`; absent for what is linked.
    pub(crate) kind: Option<String>,
    /// The other package's folder, if it is in the repository.
    pub(crate) path: Option<PathBuf>,
}

impl Workspace {
    /// Asks cargo about the repository whose cargo runs this program. That need not be the one it was built from:
    /// clones that share a target folder share this program. Needs no network.
    pub(crate) fn find() -> Result<Self, ChoreError> {
        let told = environment("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let here = told.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let args = ["metadata", "--no-deps", "--offline", "--format-version=1"];
        let text = Program::cargo(&here).args(args).output()?;
        serde_json::from_str(&text).map_err(|source| ChoreError::Answer {
            program: "cargo metadata".to_owned(),
            source,
        })
    }

    /// Cargo, started in the repository.
    pub(crate) fn cargo(&self) -> Program {
        Program::cargo(&self.root)
    }

    /// Another program, started in the repository.
    pub(crate) fn program(&self, path: &Path) -> Program {
        Program::new(path, &self.root)
    }

    /// Where programs are kept that the chores had to fetch.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }
}

impl Package {
    /// The package's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path
            .parent()
            .unwrap_or(self.manifest_path.as_path())
    }

    /// What the layer table calls it: the name of its folder.
    pub(crate) fn layer(&self) -> &str {
        last_name(self.folder())
    }
}

impl Dependency {
    /// Whether it ends up in the package's library or program, or runs while that is built.
    pub(crate) fn is_linked(&self) -> bool {
        self.kind.as_deref() != Some("dev")
    }

    /// What the layer table calls it, if it is in the repository.
    pub(crate) fn layer(&self) -> Option<&str> {
        self.path.as_deref().map(last_name)
    }
}

fn last_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
}
