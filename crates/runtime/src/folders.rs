//! Where the program keeps its own files.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

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
