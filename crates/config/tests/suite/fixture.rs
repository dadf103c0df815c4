//! A person, a machine and a workspace in a temporary folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_config::Configuration;
use mycelium_config::ConfigurationFiles;
use mycelium_config::ConfigurationReading;
use mycelium_config::ConfigurationSources;
use mycelium_config::Override;
use mycelium_policy::WorkspaceTrust;
use tempfile::TempDir;

/// The files and all else that a configuration is loaded from.
pub(crate) struct Fixture {
    folder: TempDir,
    files: ConfigurationFiles,
    environment: BTreeMap<String, String>,
    overrides: Vec<Override>,
    trust: WorkspaceTrust,
}

impl Fixture {
    /// Nothing set anywhere, in a trusted workspace.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let files = ConfigurationFiles {
            system: path.join("etc/skills.json"),
            user: path.join("home/.claude/skills.config"),
            project: path.join("work/.claude/skills.json"),
        };
        for file in [&files.system, &files.user, &files.project] {
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        }
        Self {
            folder,
            files,
            environment: BTreeMap::new(),
            overrides: Vec::new(),
            trust: WorkspaceTrust::Trusted,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn files(&self) -> &ConfigurationFiles {
        &self.files
    }

    pub(crate) fn system(self, text: &str) -> Self {
        fs_err::write(&self.files.system, text).unwrap();
        self
    }

    pub(crate) fn user(self, text: &str) -> Self {
        fs_err::write(&self.files.user, text).unwrap();
        self
    }

    pub(crate) fn project(self, text: impl AsRef<[u8]>) -> Self {
        fs_err::write(&self.files.project, text).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn set(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.overrides.push(Override::new(key, value));
        self
    }

    pub(crate) fn untrusted(mut self) -> Self {
        self.trust = WorkspaceTrust::Untrusted;
        self
    }

    pub(crate) fn read(&self) -> ConfigurationReading {
        Configuration::load(&ConfigurationSources {
            files: &self.files,
            trust: self.trust,
            environment: &self.environment,
            overrides: &self.overrides,
        })
    }

    /// The configuration of files in which nothing is wrong.
    pub(crate) fn load(&self) -> Configuration {
        let reading = self.read();
        assert_eq!(reading.diagnostics, []);
        reading.configuration
    }

    /// The remarks as people see them, the temporary folder left out.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let folder = format!("{}/", self.path().display());
        let reading = self.read();
        reading
            .diagnostics
            .iter()
            .map(|d| d.render(mycelium_types::Locale::EnUs).replace(&folder, ""))
            .collect()
    }

    /// The file `name` of the workspace.
    pub(crate) fn below(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}
