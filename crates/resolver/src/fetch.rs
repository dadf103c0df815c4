//! Gets packages: download, check, unpack.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::ArchiveLimits;
use crate::InstallEvent;
use crate::InstallObserver;
use crate::Integrity;
use crate::PackageKey;
use crate::ResolverError;
use crate::archive::UnpackError;
use crate::archive::unpack;
use crate::client::Answer;
use crate::client::Client;
use crate::client::Fault;
use crate::client::Found;
use crate::client::Question;
use crate::client::Transfer;
use crate::client::too_large;
use crate::metadata::Metadata;
use crate::registry::RegistryConfiguration;
use crate::registry::Target;
use crate::store::Staging;
use crate::store::package_files;
use crate::store::write_index;

/// What fetching needs.
pub(crate) struct Fetching<'a> {
    pub(crate) configuration: &'a RegistryConfiguration,
    /// `None` if the network is not to be used.
    pub(crate) client: Option<&'a Client<'a>>,
    pub(crate) metadata: &'a Metadata<'a>,
    pub(crate) limits: &'a ArchiveLimits,
    pub(crate) observer: &'a dyn InstallObserver,
}

impl Fetching<'_> {
    /// Downloads a package, checks that its archive has the hash it must have, and only then
    /// unpacks it into a staging folder, ready to be stored.
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be had, is another one, or contains what no package should.
    pub(crate) fn fetch(
        &self,
        key: &PackageKey,
        integrity: &Integrity,
        staging: &Staging,
        stopped: &AtomicBool,
    ) -> Result<PathBuf, ResolverError> {
        let Some(client) = self.client else {
            let wanted = key.to_string();
            return Err(ResolverError::Offline { wanted });
        };
        let archive = staging.unused_path();
        let download = Download {
            client,
            observer: self.observer,
            key,
            integrity,
            archive: &archive,
            stopped,
        };
        self.download(&download)?;

        let folder = staging.unused_path();
        let reader = io::BufReader::with_capacity(64 << 10, File::open(&archive)?);
        let files = unpack(reader, &package_files(&folder), self.limits).map_err(|e| match e {
            UnpackError::Refused { entry, problem } => ResolverError::HostileArchive {
                package: key.to_string(),
                entry,
                problem,
            },
            UnpackError::Storage(error) => error.into(),
        })?;
        write_index(&folder, files)?;
        fs_err::remove_file(&archive)?;
        self.observer
            .observe(InstallEvent::Finished { package: key });
        Ok(folder)
    }

    /// Downloads from where the package's description says or, if there is none at hand, from where
    /// npm's own registry would have it; a registry of another kind is asked for its description.
    fn download(&self, download: &Download<'_>) -> Result<(), ResolverError> {
        let (name, version) = (download.key.name(), download.key.version());
        let missing = || ResolverError::PackageNotFound {
            package: download.key.to_string(),
        };
        let target = match self.metadata.kept_archive(name, version) {
            Some(said) => self.configuration.archive(name, &said)?,
            None => self.configuration.usual_archive(name, version)?,
        };
        if download.run(&target)? == Outcome::Done {
            return Ok(());
        }
        let said = self.metadata.ask_archive(name, version)?;
        let told = self.configuration.archive(name, &said)?;
        if told.url == target.url || download.run(&told)? == Outcome::Missing {
            return Err(missing());
        }
        Ok(())
    }
}

/// The download of one archive into one file.
struct Download<'a> {
    client: &'a Client<'a>,
    observer: &'a dyn InstallObserver,
    key: &'a PackageKey,
    integrity: &'a Integrity,
    archive: &'a Path,
    stopped: &'a AtomicBool,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Done,
    Missing,
}

impl Download<'_> {
    fn run(&self, target: &Target) -> Result<Outcome, ResolverError> {
        let question = Question {
            target,
            accept: "*/*",
            transfer: Transfer::Verbatim,
            etag: None,
        };
        self.client.ask(question, |answer| match answer {
            Answer::Found(found) => self.receive(found, target).map(|()| Outcome::Done),
            Answer::Missing | Answer::Unchanged => Ok(Outcome::Missing),
        })
    }

    /// Writes what arrives into the file, from its beginning, and checks the hash.
    fn receive(&self, mut found: Found, target: &Target) -> Result<(), Fault> {
        let limit = self.client.limits().archive_bytes;
        let storage = |error: io::Error| Fault::from(ResolverError::from(error));
        let mut file = fs_err::File::create(self.archive).map_err(storage)?;
        let mut hasher = self.integrity.hasher();
        let mut received = 0_u64;
        let mut buffer = vec![0; 64 << 10];
        let package = self.key;
        let size = found.size;
        self.observer
            .observe(InstallEvent::Started { package, size });
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                // Another package has failed already, and only that is reported.
                return Err(ResolverError::ResolverFailed.into());
            }
            let count = match found.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::cut_off(&error)),
            };
            received += count as u64;
            if received > limit {
                return Err(too_large(&target.url, limit).into());
            }
            hasher.update(&buffer[..count]);
            file.write_all(&buffer[..count]).map_err(storage)?;
            let bytes = count as u64;
            self.observer
                .observe(InstallEvent::Received { package, bytes });
        }
        let actual = hasher.finish();
        if actual != *self.integrity {
            return Err(ResolverError::IntegrityMismatch {
                package: self.key.to_string(),
                expected: self.integrity.clone(),
                actual,
            }
            .into());
        }
        Ok(())
    }
}
