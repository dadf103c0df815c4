//! What an installation tells while it runs.

use crate::PackageKey;

/// Something that happened during an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallEvent<'a> {
    /// Versions are being chosen; this may ask the registry.
    Resolving {
        /// How many dependencies the skill declares.
        dependencies: usize,
    },
    /// The versions are known, and some packages are not stored yet.
    Fetching {
        /// How many packages will be downloaded.
        packages: usize,
    },
    /// A package's archive begins to arrive. Said again when a download starts over.
    Started {
        /// The package.
        package: &'a PackageKey,
        /// The archive's size in bytes, if the registry says it.
        size: Option<u64>,
    },
    /// More of a package's archive arrived.
    Received {
        /// The package.
        package: &'a PackageKey,
        /// How many bytes arrived since the last event of this package.
        bytes: u64,
    },
    /// A package is checked and unpacked.
    Finished {
        /// The package.
        package: &'a PackageKey,
    },
}

/// Receives the events of an installation, from several threads at once.
pub trait InstallObserver: Sync {
    /// Takes note of one event. It is called in the middle of the work and should return at once.
    fn observe(&self, event: InstallEvent<'_>);
}

/// Takes note of nothing.
impl InstallObserver for () {
    fn observe(&self, _: InstallEvent<'_>) {}
}
