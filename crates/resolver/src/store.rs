//! The content-addressed store: packages by the hash of their archive, layers by the digest of
//! their tree.
//!
//! ```text
//! npm/sha512-…/package/…    the files of one package, read-only
//! npm/sha512-…/index.json   what they are
//! layers/…/node_modules/…   the laid out packages of one tree
//! layers/…/layer.json       what they are
//! metadata/…/….json         what a registry says about a package
//! locks/…                   held while a layer is made
//! tmp/…                     work in progress
//! ```
//!
//! What is under its final name is complete, whatever happens to the power: everything is made in
//! `tmp`, written to the disk and renamed.

mod file_lock;
mod staging;

use std::fs::Permissions;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Digest;
use serde::Deserialize;
use serde::Serialize;

pub(crate) use self::file_lock::FileLock;
pub(crate) use self::staging::Staging;
use crate::Integrity;
use crate::ResolverError;

/// The mode of folders in packages and layers, whatever the umask: the sandbox's user reads them.
const FOLDER_MODE: u32 = 0o755;
const INDEX: &str = "index.json";
const MAX_INDEX_BYTES: u64 = 256 << 20;

/// The store below one folder.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    root: PathBuf,
}

/// A package in the store.
#[derive(Debug)]
pub(crate) struct StoredPackage {
    folder: PathBuf,
    index: PackageIndex,
}

/// What a package's files are.
#[derive(Debug, Serialize, Deserialize)]
struct PackageIndex {
    files: Vec<PackageFile>,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackageFile {
    /// The path in the package, with `/` between its parts.
    pub(crate) path: String,
    /// The size in bytes.
    pub(crate) size: u64,
    /// Whether it may be executed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) executable: bool,
    /// The SHA-256 of its content.
    pub(crate) sha256: Digest,
}

impl Store {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of the layer with this digest, whether it exists or not.
    pub(crate) fn layer(&self, digest: &Digest) -> PathBuf {
        self.root.join("layers").join(digest.to_string())
    }

    /// The lock to be held while the layer with this digest is made.
    pub(crate) fn layer_lock(&self, digest: &Digest) -> Result<PathBuf, ResolverError> {
        let locks = self.root.join("locks");
        fs_err::create_dir_all(&locks)?;
        Ok(locks.join(format!("layer-{digest}")))
    }

    /// The folder of what a registry says.
    pub(crate) fn metadata(&self) -> PathBuf {
        self.root.join("metadata")
    }

    /// The folder of work in progress.
    fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Starts some work in progress. What earlier work left behind when its process died is removed.
    pub(crate) fn stage(&self) -> Result<Staging, ResolverError> {
        Staging::new(&self.temporary())
    }

    /// A file that becomes permanent when it is persisted under its final name in the store.
    pub(crate) fn draft(&self) -> Result<tempfile::NamedTempFile, ResolverError> {
        let folder = self.temporary();
        fs_err::create_dir_all(&folder)?;
        tempfile::NamedTempFile::new_in(&folder).map_err(ResolverError::storage_at(&folder))
    }

    fn package_folder(&self, integrity: &Integrity) -> PathBuf {
        self.root.join("npm").join(integrity.folder())
    }

    /// Whether the package with this hash is stored.
    pub(crate) fn has_package(&self, integrity: &Integrity) -> bool {
        self.package_folder(integrity).join(INDEX).is_file()
    }

    /// The stored package with this hash, if there is one. One whose index is missing or damaged is
    /// moved to `aside`, as if it had never been there.
    pub(crate) fn package(
        &self,
        integrity: &Integrity,
        aside: &Staging,
    ) -> Result<Option<StoredPackage>, ResolverError> {
        let folder = self.package_folder(integrity);
        match read_json(&folder.join(INDEX)) {
            Ok(index) => Ok(Some(StoredPackage { folder, index })),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::InvalidData
                ) =>
            {
                put_aside(&folder, aside)?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Stores packages that were unpacked in a staging folder, each with its hash. They are on the
    /// disk before any of them gets its final name; one that another process stored meanwhile is
    /// left to it.
    pub(crate) fn commit_packages<'a>(
        &self,
        packages: impl Iterator<Item = (&'a Integrity, &'a Path)> + Clone,
    ) -> Result<(), ResolverError> {
        let npm = self.root.join("npm");
        fs_err::create_dir_all(&npm)?;
        if packages.clone().next().is_none() {
            return Ok(());
        }
        sync_file_system(&npm)?;
        for (integrity, staged) in packages {
            commit(staged, &self.package_folder(integrity))?;
        }
        Ok(())
    }

    /// Stores a layer that was laid out in a staging folder, in the place of whatever is there.
    pub(crate) fn commit_layer(
        &self,
        digest: &Digest,
        staged: &Path,
        aside: &Staging,
    ) -> Result<(), ResolverError> {
        let layers = self.root.join("layers");
        fs_err::create_dir_all(&layers)?;
        let place = self.layer(digest);
        put_aside(&place, aside)?;
        commit(staged, &place)?;
        Ok(())
    }
}

impl StoredPackage {
    /// The package's files, by path.
    pub(crate) fn files(&self) -> &[PackageFile] {
        &self.index.files
    }

    /// Where a file of the package is.
    pub(crate) fn path_of(&self, file: &PackageFile) -> PathBuf {
        package_files(&self.folder).join(&file.path)
    }
}

/// The folder of a package's files inside its folder of the store.
pub(crate) fn package_files(folder: &Path) -> PathBuf {
    folder.join("package")
}

/// Writes the index of a package that was unpacked into `folder`.
pub(crate) fn write_index(folder: &Path, files: Vec<PackageFile>) -> io::Result<()> {
    write_json(&folder.join(INDEX), &PackageIndex { files }).map(|_| ())
}

/// Writes a description into a file of the store, and leaves it to the caller to have it on the disk.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<fs_err::File> {
    let mut writer = BufWriter::new(fs_err::File::create(path)?);
    serde_json::to_writer(&mut writer, value)?;
    let file = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.set_permissions(Permissions::from_mode(0o444))?;
    Ok(file)
}

/// Reads a description back. One that makes no sense is [`io::ErrorKind::InvalidData`].
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    let reader = BufReader::new(fs_err::File::open(path)?).take(MAX_INDEX_BYTES);
    serde_json::from_reader(reader).map_err(|error| match error.classify() {
        serde_json::error::Category::Io => error.into(),
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Data
        | serde_json::error::Category::Eof => io::Error::new(io::ErrorKind::InvalidData, error),
    })
}

/// Makes a folder that everybody may read, and those above it that are missing.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    match fs_err::create_dir(path) {
        Ok(()) => fs_err::set_permissions(path, Permissions::from_mode(FOLDER_MODE)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_folder(path.parent().ok_or(error)?)?;
            make_folder(path)
        }
        Err(error) => Err(error),
    }
}

// One call for thousands of small files: a flush for each would take seconds on a slow disk.
fn sync_file_system(path: &Path) -> Result<(), ResolverError> {
    let folder = fs_err::File::open(path)?;
    rustix::fs::syncfs(folder.as_fd())
        .map_err(|errno| ResolverError::storage_at(path)(errno.into()))
}

/// Moves what somebody damaged out of the way, if there is anything.
fn put_aside(path: &Path, aside: &Staging) -> io::Result<()> {
    match fs_err::rename(path, aside.unused_path()) {
        Ok(()) => tracing::warn!(path = %path.display(), "something damaged was in the store"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn commit(staged: &Path, place: &Path) -> io::Result<()> {
    match fs_err::rename(staged, place) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> PackageFile {
        PackageFile {
            path: path.to_owned(),
            size: 1,
            executable: false,
            sha256: Digest::of(b"x"),
        }
    }

    fn staged_package(staging: &Staging) -> PathBuf {
        let folder = staging.unused_path();
        make_folder(&package_files(&folder)).unwrap();
        write_index(&folder, vec![file("index.js")]).unwrap();
        folder
    }

    #[test]
    fn packages_are_stored_once_and_damaged_ones_forgotten() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().to_owned());
        let integrity: Integrity = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=".parse().unwrap();
        let staging = store.stage().unwrap();
        assert!(!store.has_package(&integrity));
        assert!(store.package(&integrity, &staging).unwrap().is_none());

        for _ in 0..2 {
            let staged = staged_package(&staging);
            let packages = [(&integrity, staged.as_path())];
            store.commit_packages(packages.into_iter()).unwrap();
        }
        assert!(store.has_package(&integrity));
        let stored = store.package(&integrity, &staging).unwrap().unwrap();
        assert_eq!(stored.files(), [file("index.js")]);
        assert!(
            stored
                .path_of(&stored.files()[0])
                .ends_with("package/index.js")
        );

        let index = root.path().join("npm").join(integrity.folder()).join(INDEX);
        fs_err::remove_file(&index).unwrap();
        fs_err::write(&index, "{\"files\": [").unwrap();
        assert!(store.package(&integrity, &staging).unwrap().is_none());
        assert!(!store.has_package(&integrity));
    }

    #[test]
    fn folders_are_readable_whatever_the_umask() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b/c");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        let mode = fs_err::metadata(folder.parent().unwrap())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, FOLDER_MODE);
    }
}
