//! Why dependencies could not be installed.

mod text;

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mycelium_types::ArchiveProblem;
use mycelium_types::DependencyKind;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::SkillName;

use crate::Integrity;

/// The dependencies of one skill could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("the dependencies of {skill} could not be installed")]
pub struct InstallError {
    /// The skill.
    pub skill: SkillName,
    /// What went wrong.
    #[source]
    pub error: ResolverError,
}

/// What went wrong. The texts come from the catalogue.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message().render(Locale::EnUs))]
pub enum ResolverError {
    /// The dependency is of a kind that this version does not install.
    UnsupportedKind {
        /// The dependency's name.
        dependency: String,
        /// Its kind.
        kind: DependencyKind,
    },
    /// The dependency names another place than its registry.
    UnsupportedSource {
        /// The dependency's name.
        dependency: String,
    },
    /// The manifest asks for something that is not a package name.
    InvalidName {
        /// The name as the manifest writes it.
        dependency: String,
    },
    /// The manifest asks for something that is not a range.
    InvalidRange {
        /// The dependency's name.
        dependency: String,
        /// The range as the manifest writes it.
        range: String,
    },
    /// The manifest asks for a package outside the registry: a folder, an address, a repository.
    OutsideRegistry {
        /// The dependency's name.
        dependency: String,
        /// The range as the manifest writes it.
        range: String,
    },
    /// The manifest asks for one package twice, differently.
    AskedTwice {
        /// The dependency's name.
        dependency: String,
        /// One range.
        first: String,
        /// The other range.
        second: String,
    },
    /// The tree has more packages than are installed for one skill.
    TooMany {
        /// The most packages.
        limit: usize,
    },
    /// The ways to combine the packages are too many to go through.
    TooComplex {
        /// The steps made.
        steps: usize,
    },
    /// The registry has no such package.
    PackageNotFound {
        /// The package's name.
        package: String,
    },
    /// The package has no version in the range.
    NoMatchingVersion {
        /// The package's name.
        package: String,
        /// The range.
        range: String,
        /// The newest versions there are, newest first.
        newest: Vec<String>,
        /// How many versions there are.
        count: usize,
    },
    /// A package in the tree depends on something that cannot be installed from a registry.
    Unusable {
        /// The package, with its version.
        package: String,
        /// What it depends on.
        dependency: String,
        /// How it asks for it.
        range: String,
    },
    /// A direct dependency's peer dependency cannot be satisfied.
    PeerConflict {
        /// The direct dependency, with its version.
        package: String,
        /// The peer's name.
        peer: String,
        /// The range of the peer it works with.
        range: String,
        /// The version the skill's dependencies lead to.
        found: String,
    },
    /// Something must be fetched, and the network is not to be used.
    Offline {
        /// The package, with its version once that is known.
        wanted: String,
    },
    /// The registry did not answer, or not sensibly, however often it was asked.
    Unreachable {
        /// The address.
        url: String,
        /// How often it was asked.
        attempts: usize,
        /// What happened the last time.
        problem: String,
    },
    /// The registry answered that it will not give it.
    Refused {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The registry's description of a package makes no sense.
    BadMetadata {
        /// The package's name.
        package: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The archive is not the one the registry or the lock promised.
    IntegrityMismatch {
        /// The package, with its version.
        package: String,
        /// The hash promised.
        expected: Integrity,
        /// The hash of what arrived.
        actual: Integrity,
    },
    /// The registry promises no hash.
    IntegrityMissing {
        /// The package, with its version.
        package: String,
    },
    /// The archive contains what no package should.
    HostileArchive {
        /// The package, with its version.
        package: String,
        /// The entry of the archive, shortened; empty if it is not about one.
        entry: String,
        /// What is wrong with it.
        problem: ArchiveProblem,
    },
    /// The registry sends more than is read.
    TooLarge {
        /// The address.
        url: String,
        /// The most bytes read.
        limit: u64,
    },
    /// The lock is not one that this program wrote.
    LockInvalid {
        /// The lock.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An npm configuration file cannot be read.
    NpmrcInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The trusted certificates cannot be loaded.
    Certificates {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Files cannot be read or written: a full disk, a read-only folder.
    Storage {
        /// What the system says; it names the path.
        #[source]
        source: io::Error,
    },
    /// Another process holds a lock for too long.
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The resolution ended abnormally.
    ResolverFailed,
}

impl ResolverError {
    /// The code people and programs see.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnsupportedKind { .. } | Self::UnsupportedSource { .. } => {
                ErrorCode::Incompatible
            }
            Self::AskedTwice { .. } | Self::PeerConflict { .. } | Self::TooComplex { .. } => {
                ErrorCode::DependencyConflict
            }
            Self::InvalidName { .. }
            | Self::InvalidRange { .. }
            | Self::OutsideRegistry { .. }
            | Self::TooMany { .. }
            | Self::PackageNotFound { .. }
            | Self::NoMatchingVersion { .. }
            | Self::Unusable { .. }
            | Self::Offline { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::BadMetadata { .. }
            | Self::TooLarge { .. }
            | Self::Certificates { .. }
            | Self::Storage { .. }
            | Self::Busy { .. }
            | Self::ResolverFailed => ErrorCode::DependencyUnavailable,
            Self::IntegrityMismatch { .. }
            | Self::IntegrityMissing { .. }
            | Self::HostileArchive { .. }
            | Self::LockInvalid { .. } => ErrorCode::DependencyIntegrity,
            Self::NpmrcInvalid { .. } => ErrorCode::ConfigInvalid,
        }
    }

    /// The kind of remedy, as the catalogue's `cause` selects it.
    fn cause(&self) -> &'static str {
        match self {
            Self::Offline { .. } => "offline",
            Self::InvalidName { .. }
            | Self::InvalidRange { .. }
            | Self::OutsideRegistry { .. }
            | Self::TooMany { .. }
            | Self::PackageNotFound { .. }
            | Self::NoMatchingVersion { .. }
            | Self::Unusable { .. } => "not-found",
            Self::Storage { .. } | Self::Busy { .. } => "storage",
            Self::UnsupportedKind { .. }
            | Self::UnsupportedSource { .. }
            | Self::AskedTwice { .. }
            | Self::TooComplex { .. }
            | Self::PeerConflict { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::BadMetadata { .. }
            | Self::IntegrityMismatch { .. }
            | Self::IntegrityMissing { .. }
            | Self::HostileArchive { .. }
            | Self::TooLarge { .. }
            | Self::LockInvalid { .. }
            | Self::NpmrcInvalid { .. }
            | Self::Certificates { .. }
            | Self::ResolverFailed => "network",
        }
    }

    /// Whether trying again later, unchanged, may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Busy { .. } | Self::Storage { .. } => true,
            Self::UnsupportedKind { .. }
            | Self::UnsupportedSource { .. }
            | Self::InvalidName { .. }
            | Self::InvalidRange { .. }
            | Self::OutsideRegistry { .. }
            | Self::AskedTwice { .. }
            | Self::TooComplex { .. }
            | Self::TooMany { .. }
            | Self::PackageNotFound { .. }
            | Self::NoMatchingVersion { .. }
            | Self::Unusable { .. }
            | Self::PeerConflict { .. }
            | Self::Offline { .. }
            | Self::Refused { .. }
            | Self::BadMetadata { .. }
            | Self::IntegrityMismatch { .. }
            | Self::IntegrityMissing { .. }
            | Self::HostileArchive { .. }
            | Self::TooLarge { .. }
            | Self::LockInvalid { .. }
            | Self::NpmrcInvalid { .. }
            | Self::Certificates { .. }
            | Self::ResolverFailed => false,
        }
    }

    /// Whether the package asked for does not exist: what an optional dependency may lack for good.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::PackageNotFound { .. } | Self::NoMatchingVersion { .. } | Self::Unusable { .. }
        )
    }

    /// Names the skill whose dependencies these are.
    #[must_use]
    pub fn of_skill(self, skill: &SkillName) -> InstallError {
        InstallError {
            skill: skill.clone(),
            error: self,
        }
    }

    /// Names the path in an error that does not.
    pub(crate) fn storage_at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Storage {
            source: io::Error::new(source.kind(), format!("{}: {source}", path.display())),
        }
    }
}

impl From<io::Error> for ResolverError {
    fn from(source: io::Error) -> Self {
        Self::Storage { source }
    }
}

impl From<InstallError> for ErrorReport {
    fn from(InstallError { skill, error }: InstallError) -> Self {
        let mut report = Self::new(error.code())
            .with("skill", skill)
            .with("reason", &error)
            .with("cause", error.cause());
        report.retryable = error.is_transient();
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(error: ResolverError) -> ErrorReport {
        error.of_skill(&"greeter".parse().unwrap()).into()
    }

    #[test]
    fn a_report_says_what_happened_and_what_to_do() {
        let missing = report(ResolverError::NoMatchingVersion {
            package: "lodash".to_owned(),
            range: "^99".to_owned(),
            newest: vec!["4.17.21".to_owned(), "4.17.20".to_owned()],
            count: 114,
        });
        assert_eq!(missing.code, ErrorCode::DependencyUnavailable);
        assert!(!missing.retryable);
        insta::assert_snapshot!(missing.message(Locale::EnUs), @"A dependency of `greeter` cannot be got: No version of `lodash` is `^99`. The newest of its 114 are 4.17.21, 4.17.20.");
        insta::assert_snapshot!(missing.remediation(Locale::EnUs), @"Check the package's name and version range in the skill's `dependencies`.");

        let kind = report(ResolverError::UnsupportedKind {
            dependency: "numpy".to_owned(),
            kind: DependencyKind::Pip,
        });
        assert_eq!(kind.code, ErrorCode::Incompatible);
        insta::assert_snapshot!(kind.message(Locale::EnUs), @"Skill `greeter` does not work here: `numpy`: dependencies of type pip need the python engine, which this version does not have.");

        let refused = report(ResolverError::Refused {
            url: "http://registry/x".to_owned(),
            status: 401,
        });
        insta::assert_snapshot!(refused.message(Locale::EnUs), @"A dependency of `greeter` cannot be got: http://registry/x wants credentials; they belong into your .npmrc.");
    }

    #[test]
    fn a_full_disk_is_said_in_the_systems_words() {
        let full = report(ResolverError::from(io::Error::from(
            io::ErrorKind::StorageFull,
        )));
        assert_eq!(full.code, ErrorCode::DependencyUnavailable);
        assert!(full.retryable);
        insta::assert_snapshot!(full.remediation(Locale::EnUs), @"Free some disk space or change the permissions of the folder, then try again.");

        let path = Path::new("/nonexistent/folder/file");
        let written = report(fs_err::write(path, "").unwrap_err().into());
        let text = written.message(Locale::EnUs);
        assert!(text.contains("/nonexistent/folder/file"), "{text}");
        assert!(text.contains("No such file or directory"), "{text}");
    }
}
