//! The texts of errors: a key of the catalogue and the facts it names.

use std::io;

use mycelium_types::Message;

use super::ResolverError;

impl ResolverError {
    /// What happened, as a text of the catalogue.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::UnsupportedKind { dependency, kind } => {
                Message::new("dependency-unsupported-kind")
                    .with("dependency", dependency)
                    .with("kind", kind.as_str())
            }
            Self::UnsupportedSource { dependency } => {
                Message::new("dependency-unsupported-source").with("dependency", dependency)
            }
            Self::InvalidName { dependency } => {
                Message::new("dependency-invalid-name").with("dependency", dependency)
            }
            Self::InvalidRange { dependency, range } => Message::new("dependency-invalid-range")
                .with("dependency", dependency)
                .with("range", range),
            Self::OutsideRegistry { dependency, range } => {
                Message::new("dependency-outside-registry")
                    .with("dependency", dependency)
                    .with("range", range)
            }
            Self::AskedTwice {
                dependency,
                first,
                second,
            } => Message::new("dependency-asked-twice")
                .with("dependency", dependency)
                .with("first", first)
                .with("second", second),
            Self::TooMany { limit } => Message::new("dependency-too-many").with("limit", limit),
            Self::TooComplex { steps } => {
                Message::new("dependency-too-complex").with("steps", steps)
            }
            Self::PackageNotFound { package } => {
                Message::new("dependency-package-not-found").with("package", package)
            }
            Self::NoMatchingVersion {
                package,
                range,
                newest,
                count,
            } => Message::new("dependency-no-version")
                .with("package", package)
                .with("range", range)
                .with("newest", newest.join(", "))
                .with("count", count),
            Self::Unusable {
                package,
                dependency,
                range,
            } => Message::new("dependency-unusable")
                .with("package", package)
                .with("dependency", dependency)
                .with("range", range),
            Self::PeerConflict {
                package,
                peer,
                range,
                found,
            } => Message::new("dependency-peer-conflict")
                .with("package", package)
                .with("peer", peer)
                .with("range", range)
                .with("found", found),
            Self::Offline { wanted } => Message::new("dependency-offline").with("wanted", wanted),
            Self::Unreachable {
                url,
                attempts,
                problem,
            } => Message::new("dependency-unreachable")
                .with("url", url)
                .with("attempts", attempts)
                .with("problem", problem),
            Self::Refused { url, status } => Message::new("dependency-refused")
                .with("url", url)
                .with("status", status),
            Self::BadMetadata { package, problem } => Message::new("dependency-bad-metadata")
                .with("package", package)
                .with("problem", problem),
            Self::IntegrityMismatch {
                package,
                expected,
                actual,
            } => Message::new("dependency-integrity-mismatch")
                .with("package", package)
                .with("expected", expected)
                .with("actual", actual),
            Self::IntegrityMissing { package } => {
                Message::new("dependency-integrity-missing").with("package", package)
            }
            Self::HostileArchive {
                package,
                entry,
                problem,
            } => Message::new("dependency-hostile-archive")
                .with("package", package)
                .with("entry", entry)
                .with("problem", problem.as_str())
                .with("limit", problem.limit()),
            Self::TooLarge { url, limit } => Message::new("dependency-too-large")
                .with("url", url)
                .with("limit", limit),
            Self::LockInvalid { path, problem } => Message::new("dependency-lock-invalid")
                .with("path", path.display())
                .with("problem", problem),
            Self::NpmrcInvalid { path, problem } => Message::new("dependency-npmrc-invalid")
                .with("path", path.display())
                .with("problem", problem),
            Self::Certificates { path, problem } => Message::new("dependency-certificates")
                .with("path", path.display())
                .with("problem", problem),
            Self::Storage { source } => {
                Message::new("dependency-storage").with("problem", describe(source))
            }
            Self::Busy { path, waited } => Message::new("dependency-busy")
                .with("path", path.display())
                .with("seconds", waited.as_secs()),
            Self::ResolverFailed => Message::new("dependency-resolver-failed"),
        }
    }
}

// `fs_err` puts the operation and the path into its own text and the system's words into its
// source, where they would be lost: only texts travel in a report.
fn describe(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut source = error
        .get_ref()
        .and_then(|inner| std::error::Error::source(inner));
    while let Some(inner) = source {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = inner.source();
    }
    text
}
