//! What an installation did.

use std::path::PathBuf;
use std::time::Duration;

use mycelium_types::Digest;
use mycelium_types::Message;
use mycelium_types::Version;

use crate::Integrity;
use crate::PackageKey;
use crate::PackageName;

/// The installed dependencies of one skill.
#[derive(Clone, Debug, PartialEq)]
pub struct InstalledLayer {
    /// The files; `None` if the skill needs no packages, so that there is nothing to mount.
    pub layer: Option<Layer>,
    /// The packages in it, by name and version.
    pub packages: Vec<InstalledPackage>,
    /// What is worth knowing.
    pub notes: Vec<InstallNote>,
    /// How long it took.
    pub duration: Duration,
    /// Where the versions came from.
    pub versions: VersionSource,
    /// Whether a registry was asked for anything.
    pub network_used: bool,
}

/// The laid out packages of one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The folder to mount; it contains `node_modules`. Nothing in it points outside.
    pub path: PathBuf,
    /// What names it: the digest of all names, versions, hashes and relations of its packages.
    pub digest: Digest,
}

/// Where the versions of an installation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// The lock had them; the resolver did not run.
    Lock,
    /// The resolver chose them, keeping what the lock had where it still fits.
    Resolver,
}

/// One package of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPackage {
    /// Its name and version, and which copy of it.
    pub key: PackageKey,
    /// The hash of its archive.
    pub integrity: Integrity,
    /// Where its files came from.
    pub origin: PackageOrigin,
}

/// Where a package's files came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageOrigin {
    /// They were stored already.
    Cached,
    /// They were downloaded in this installation.
    Downloaded,
}

/// Something worth knowing about a successful installation.
#[derive(Clone, Debug, PartialEq)]
pub enum InstallNote {
    /// A package has an install script, which was not run.
    ScriptNotRun {
        /// The package.
        package: PackageKey,
    },
    /// A package somewhere in the tree gets another version of a peer than it expects.
    UnmetPeer {
        /// The package, with its version.
        package: String,
        /// The peer's name.
        peer: String,
        /// The range it expects.
        range: String,
        /// The version it gets.
        found: String,
    },
    /// An optional dependency cannot be had.
    OptionalSkipped {
        /// The dependency's name.
        dependency: PackageName,
        /// Why, as a text of the catalogue.
        reason: Message,
    },
    /// An optional dependency is made for other machines.
    OtherPlatform {
        /// The dependency's name.
        dependency: PackageName,
    },
    /// The registry could not be reached, so that an old description of a package was used.
    StaleMetadata {
        /// The package's name.
        package: PackageName,
    },
}

impl From<&InstallNote> for Message {
    fn from(note: &InstallNote) -> Self {
        match note {
            InstallNote::ScriptNotRun { package } => {
                Self::new("dependency-note-script").with("package", package)
            }
            InstallNote::UnmetPeer {
                package,
                peer,
                range,
                found,
            } => Self::new("dependency-note-peer")
                .with("package", package)
                .with("peer", peer)
                .with("range", range)
                .with("found", found),
            InstallNote::OptionalSkipped { dependency, reason } => {
                Self::new("dependency-note-skipped")
                    .with("dependency", dependency)
                    .with("reason", reason.render(mycelium_types::Locale::EnUs))
            }
            InstallNote::OtherPlatform { dependency } => {
                Self::new("dependency-note-platform").with("dependency", dependency)
            }
            InstallNote::StaleMetadata { package } => {
                Self::new("dependency-note-stale").with("package", package)
            }
        }
    }
}

/// What is known about one declared dependency without resolving or fetching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyStatus {
    /// The dependency's name.
    pub name: String,
    /// The range asked for.
    pub range: String,
    /// The version the lock has for this range.
    pub resolved: Option<Version>,
    /// Whether that version's files are stored.
    pub cached: bool,
}
