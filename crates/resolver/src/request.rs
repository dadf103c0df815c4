//! What is to be installed, and with which means.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_types::Dependency;
use mycelium_types::SkillName;

/// What a [`Resolver`](crate::Resolver) works with. [`ResolverSettings::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct ResolverSettings {
    /// The folder of the content-addressed store; made when needed.
    pub store: PathBuf,
    /// How long the registry's description of a package is used without asking again.
    pub metadata_ttl: Duration,
    /// The machine that packages are chosen for.
    pub platform: Platform,
    /// Bounds of downloads.
    pub network: NetworkLimits,
    /// Bounds of what is unpacked.
    pub archive: ArchiveLimits,
    /// The most packages in one tree.
    pub packages: usize,
    /// The most steps of choosing versions: edges of the tree that are looked at, again and again where
    /// peer dependencies make copies.
    pub steps: usize,
    /// How long choosing versions may take, downloads of descriptions included.
    pub resolution_patience: Duration,
    /// How long another process's lock on the same layer or lock file is waited for.
    pub lock_patience: Duration,
}

impl ResolverSettings {
    /// The defaults, with `store` as the folder of the store.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            metadata_ttl: Duration::from_secs(10 * 60),
            platform: Platform::current(),
            network: NetworkLimits::default(),
            archive: ArchiveLimits::default(),
            packages: 2_000,
            steps: 200_000,
            resolution_patience: Duration::from_secs(10 * 60),
            lock_patience: Duration::from_secs(5 * 60),
        }
    }
}

/// An operating system and processor, in Node's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `process.platform`: `linux`, `darwin`, …
    pub os: String,
    /// `process.arch`: `x64`, `arm64`, …
    pub cpu: String,
}

impl Platform {
    /// The machine this program was compiled for.
    #[must_use]
    pub fn current() -> Self {
        let here = deno_npm::NpmSystemInfo::default();
        Self {
            os: here.os.to_string(),
            cpu: here.cpu.to_string(),
        }
    }

    /// Whether a package with these `os` and `cpu` fields is meant for this machine.
    pub(crate) fn suits(&self, os: &[String], cpu: &[String]) -> bool {
        suits(os, &self.os) && suits(cpu, &self.cpu)
    }
}

// npm's rule: an exclusion decides at once; without inclusions everything else is meant.
fn suits(list: &[String], here: &str) -> bool {
    let excluded = |item: &String| item.strip_prefix('!') == Some(here);
    let mut inclusions = list.iter().filter(|item| !item.starts_with('!')).peekable();
    !list.iter().any(excluded)
        && (inclusions.peek().is_none() || inclusions.any(|item| item == here || item == "any"))
}

/// Bounds of downloads.
#[derive(Clone, Debug)]
pub struct NetworkLimits {
    /// How many requests run at once.
    pub parallel: usize,
    /// The longest time until a connection stands.
    pub connect: Duration,
    /// The longest time until an answer begins, and between two of its pieces.
    pub silence: Duration,
    /// The longest time for one address, with all attempts.
    pub total: Duration,
    /// How often an address is asked when the fault looks temporary.
    pub attempts: usize,
    /// The pause before the second attempt; it doubles each time, with some chance in it.
    pub pause: Duration,
    /// The most bytes of one package's description.
    pub metadata_bytes: u64,
    /// The most bytes of one package's archive.
    pub archive_bytes: u64,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            parallel: 8,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            total: Duration::from_secs(10 * 60),
            attempts: 4,
            pause: Duration::from_millis(250),
            metadata_bytes: 64 << 20,
            archive_bytes: 512 << 20,
        }
    }
}

/// Bounds of what is unpacked from one package's archive.
#[derive(Clone, Debug)]
pub struct ArchiveLimits {
    /// The most files and folders.
    pub entries: usize,
    /// The most bytes, unpacked.
    pub bytes: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            bytes: 2 << 30,
        }
    }
}

/// Whether an installation may use the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkUse {
    /// It may, for what is not stored.
    #[default]
    Allowed,
    /// It must do with what is stored, however old.
    Offline,
}

/// Where npm's configuration comes from. Nothing else of the environment is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NpmEnvironment {
    /// The folder whose `.npmrc` counts most. A `.npmrc` can name any registry and send it any
    /// environment variable, so this is `None` until the workspace is trusted.
    pub workspace: Option<PathBuf>,
    /// The home folder, whose `.npmrc` comes second.
    pub home: Option<PathBuf>,
    /// The environment variables: `npm_config_…`, proxies, certificates, `PATH` (npm's global
    /// configuration lies beside Node) and whatever an `.npmrc` refers to.
    pub variables: BTreeMap<String, String>,
}

/// What is to be installed for one skill.
#[derive(Clone, Copy, Debug)]
pub struct InstallRequest<'a> {
    /// The skill.
    pub skill: &'a SkillName,
    /// What its manifest asks for.
    pub dependencies: &'a [Dependency],
    /// The lock file; [`workspace_lock`] tells a workspace's.
    pub lock: &'a Path,
    /// Whether the network may be used.
    pub network: NetworkUse,
    /// npm's configuration.
    pub npm: &'a NpmEnvironment,
}

/// The lock file of a workspace.
#[must_use]
pub fn workspace_lock(workspace: &Path) -> PathBuf {
    workspace.join(".claude").join("skills.lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_matched_as_npm_does() {
        let linux = Platform {
            os: "linux".to_owned(),
            cpu: "x64".to_owned(),
        };
        let list = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        for (os, cpu, expected) in [
            (&[][..], &[][..], true),
            (&["linux"], &["x64"], true),
            (&["darwin"], &[], false),
            (&["darwin", "linux"], &["arm64"], false),
            (&["!win32"], &[], true),
            (&["!linux"], &[], false),
            (&["!linux", "linux"], &[], false),
            (&["any"], &["any"], true),
        ] {
            assert_eq!(
                linux.suits(&list(os), &list(cpu)),
                expected,
                "{os:?} {cpu:?}"
            );
        }
    }
}
