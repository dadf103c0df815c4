//! Where the log is: numbered files, a head record, locks; the key beside the folder.

use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFolder {
    folder: PathBuf,
    key: PathBuf,
}

impl AuditFolder {
    /// The log of a state folder: `audit/` in it, and `audit.key` beside that, so that a copy of the log is no
    /// copy of the key.
    #[must_use]
    pub fn below(state: &Path) -> Self {
        Self {
            folder: state.join("audit"),
            key: state.join("audit.key"),
        }
    }

    /// The log in `folder`, a copy perhaps, signed with the key in `key`.
    #[must_use]
    pub fn at(folder: &Path, key: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The file of the signing key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.key.clone()
    }

    /// The head record.
    #[must_use]
    pub fn head(&self) -> PathBuf {
        self.folder.join("head.json")
    }

    /// The file with this number, from 1.
    #[must_use]
    pub fn file(&self, number: u64) -> PathBuf {
        self.folder.join(file_name(number))
    }

    /// The numbers of the files there are, in order.
    ///
    /// # Errors
    /// When the folder cannot be read. One that does not exist has no files.
    pub fn numbers(&self) -> io::Result<Vec<u64>> {
        let listing = match fs::read_dir(&self.folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut numbers = Vec::new();
        for file in listing {
            numbers.extend(file?.file_name().to_str().and_then(number_of));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes the folder, for its owner only.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn make(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;

        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&self.folder).map_err(|error| {
            let reason = format!("{}: {error}", self.folder.display());
            io::Error::new(error.kind(), reason)
        })
    }

    /// Makes names that were added to the folder survive a power failure.
    pub(crate) fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.folder)?.sync_all()
    }

    pub(crate) fn lock_file(&self, name: &str) -> io::Result<File> {
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        Ok(options.open(self.folder.join(name))?.into_parts().0)
    }
}

/// The name of the file with this number.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:06}.jsonl")
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".jsonl")?;
    let number = digits.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_log_count() {
        let folder = tempfile::tempdir().unwrap();
        let audit = AuditFolder::below(folder.path());
        assert!(audit.numbers().unwrap().is_empty());
        audit.make().unwrap();
        for name in [
            "000002.jsonl",
            "000001.jsonl",
            "1.jsonl",
            "+00003.jsonl",
            "000004.json",
            "head.json",
            "1000000.jsonl",
            "000005.jsonl.torn",
            "99999999999999999999999.jsonl",
        ] {
            fs::write(audit.path().join(name), "").unwrap();
        }
        assert_eq!(audit.numbers().unwrap(), [1, 2, 1_000_000]);
    }
}
