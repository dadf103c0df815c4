//! Where the program keeps its own files.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

/// The folders of one person, after the XDG base directory specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// What must survive: registry, trust, breakers, the daemon's log. `$XDG_STATE_HOME/mycelium`.
    pub state: PathBuf,
    /// What can be made again: packages, layers, bytecode. `$XDG_CACHE_HOME/mycelium`.
    pub cache: PathBuf,
    /// Private data of skills. `$XDG_DATA_HOME/mycelium`.
    pub data: PathBuf,
    /// Sockets. `$XDG_RUNTIME_DIR/mycelium`, else a folder in `state`.
    pub sockets: PathBuf,
}

impl Folders {
    /// The folders that an environment says, for the person whose home is `home`.
    ///
    /// As the specification demands, a variable that is not an absolute path is ignored.
    #[must_use]
    pub fn from_environment(environment: &BTreeMap<String, String>, home: &Path) -> Self {
        let base = |name: &str| {
            environment
                .get(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let or_home = |name: &str, default: &str| {
            base(name)
                .unwrap_or_else(|| home.join(default))
                .join("mycelium")
        };
        let state = or_home("XDG_STATE_HOME", ".local/state");
        Self {
            sockets: base("XDG_RUNTIME_DIR")
                .map_or_else(|| state.join("run"), |path| path.join("mycelium")),
            cache: or_home("XDG_CACHE_HOME", ".cache"),
            data: or_home("XDG_DATA_HOME", ".local/share"),
            state,
        }
    }

    /// All folders below one, as tests and embedding programs want them.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self {
            state: root.join("state"),
            cache: root.join("cache"),
            data: root.join("data"),
            sockets: root.join("run"),
        }
    }

    /// Checks that what must survive can be kept: a file is written to the state folder and removed.
    ///
    /// # Errors
    /// `STATE_UNAVAILABLE` with the reason: a read-only folder, a full disk.
    pub fn check_state(&self) -> Result<(), ErrorReport> {
        let probe = self.state.join(format!("probe.{}", std::process::id()));
        // A block's worth, so that a full disk refuses it.
        let written =
            fs_err::create_dir_all(&self.state).and_then(|()| fs_err::write(&probe, [0; 4096]));
        let removed = fs_err::remove_file(&probe);
        written
            .and(removed)
            .map_err(|error| ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error))
    }

    /// What programs trust whose TLS is read: a file for each worker, as long as it lives.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.cache.join("certificates")
    }

    /// What skills keep by key: a file for each.
    #[must_use]
    pub fn key_values(&self) -> PathBuf {
        self.state.join("kv")
    }

    /// The private data of the skill that is called so.
    pub(crate) fn skill_data(&self, own: &str) -> PathBuf {
        self.data.join("skills").join(own)
    }

    /// Servers of MCP that run as skills, and those that are about to.
    #[must_use]
    pub fn wrapped(&self) -> PathBuf {
        self.data.join("wrapped")
    }

    /// The skills that were made of servers of MCP: a folder of its name for each.
    #[must_use]
    pub fn wrapped_skills(&self) -> PathBuf {
        self.wrapped().join("skills")
    }

    /// The daemon's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.sockets.join("daemon.sock")
    }

    /// The daemon's log.
    #[must_use]
    pub fn daemon_log(&self) -> PathBuf {
        self.state.join("daemon.log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_folder_that_cannot_be_written_is_told() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::below(root.path());
        folders.check_state().unwrap();
        assert_eq!(fs_err::read_dir(&folders.state).unwrap().count(), 0);
        fs_err::remove_dir(&folders.state).unwrap();
        fs_err::write(&folders.state, "in the way").unwrap();
        let error = folders.check_state().unwrap_err();
        assert_eq!(error.code, ErrorCode::StateUnavailable);
        assert!(error.context["reason"].contains("state"), "{error}");
    }

    #[test]
    fn follows_the_variables_and_ignores_relative_ones() {
        let environment = BTreeMap::from([
            ("XDG_CACHE_HOME".to_owned(), "/c".to_owned()),
            ("XDG_DATA_HOME".to_owned(), "relative".to_owned()),
        ]);
        let folders = Folders::from_environment(&environment, Path::new("/home/p"));
        assert_eq!(folders.cache, Path::new("/c/mycelium"));
        assert_eq!(folders.data, Path::new("/home/p/.local/share/mycelium"));
        assert_eq!(
            folders.socket(),
            Path::new("/home/p/.local/state/mycelium/run/daemon.sock")
        );
    }
}
