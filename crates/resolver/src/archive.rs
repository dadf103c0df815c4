//! Unpacks a package's archive, of which nothing is believed.

use std::collections::HashMap;
use std::fs::Permissions;
use std::io;
use std::io::Read;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use mycelium_types::ArchiveEntryKind as Kind;
use mycelium_types::ArchiveNames;
use mycelium_types::ArchivePath;
use mycelium_types::ArchiveProblem;
use mycelium_types::Digest;
use sha2::Digest as _;
use sha2::Sha256;
use tar::EntryType;
use tar::PaxExtensions;

use crate::ArchiveLimits;
use crate::store::PackageFile;
use crate::store::make_folder;

/// Why an archive was not unpacked.
#[derive(Debug)]
pub(crate) enum UnpackError {
    /// It is not one that is unpacked.
    Refused {
        /// The entry, shortened; empty if it is not about one.
        entry: String,
        problem: ArchiveProblem,
    },
    /// The files cannot be written.
    Storage(io::Error),
}

impl From<io::Error> for UnpackError {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

/// The longest PAX or GNU record read into memory: some paths and numbers.
const MAX_RECORD_BYTES: u64 = 64 << 10;
/// Headers and padding on top of the files' bytes.
const OVERHEAD_PER_ENTRY: u64 = 4 << 10;

/// Unpacks the gzipped tar `archive` into the folder `into`, without its outermost folder.
///
/// Plain files and folders only; of a file's mode only the executable bit is kept, and nobody may
/// write it. A path that comes twice is the last one's, as npm has it. Nothing is run.
///
/// # Errors
///
/// Fails if anything in the archive is not as a package should be, a bound is exceeded, or files
/// cannot be written. What has been unpacked until then stays.
pub(crate) fn unpack(
    archive: impl Read,
    into: &Path,
    limits: &ArchiveLimits,
) -> Result<Vec<PackageFile>, UnpackError> {
    // The decoder alone could be made to produce headers without end.
    let most = limits
        .bytes
        .saturating_add(limits.entries as u64 * OVERHEAD_PER_ENTRY);
    let mut archive = tar::Archive::new(MultiGzDecoder::new(archive).take(most));
    let mut unpacking = Unpacking::new(into, limits)?;
    let entries = archive.entries().map_err(|_| damaged())?.raw(true);
    for entry in entries {
        unpacking.take(entry.map_err(|_| damaged())?)?;
    }
    if unpacking.seen == 0 {
        return Err(damaged());
    }
    Ok(unpacking.finish())
}

struct Unpacking<'a> {
    into: &'a Path,
    limits: &'a ArchiveLimits,
    seen: usize,
    bytes: u64,
    said: Said,
    files: HashMap<String, PackageFile>,
    names: ArchiveNames,
    buffer: Box<[u8]>,
}

/// What a record says about the entry after it.
#[derive(Default)]
struct Said {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<'a> Unpacking<'a> {
    fn new(into: &'a Path, limits: &'a ArchiveLimits) -> io::Result<Self> {
        make_folder(into)?;
        Ok(Self {
            into,
            limits,
            seen: 0,
            bytes: 0,
            said: Said::default(),
            files: HashMap::new(),
            names: ArchiveNames::new(limits.entries),
            buffer: vec![0; 64 << 10].into(),
        })
    }

    fn take(&mut self, mut entry: tar::Entry<'_, impl Read>) -> Result<(), UnpackError> {
        self.seen += 1;
        if self.seen > self.limits.entries {
            let limit = self.limits.entries;
            return Err(refused("", ArchiveProblem::TooMany { limit }));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let mut name = read_record(&mut entry)?;
                name.truncate(name.iter().position(|b| *b == 0).unwrap_or(name.len()));
                self.said.path = Some(name);
                Ok(())
            }
            EntryType::XHeader => {
                let record = read_record(&mut entry)?;
                self.take_record(&record)
            }
            // Says something about all entries that is of no interest here.
            EntryType::XGlobalHeader => Ok(()),
            kind => self.take_entry(kind, entry),
        }
    }

    /// Takes note of what a PAX record says about the next entry.
    fn take_record(&mut self, record: &[u8]) -> Result<(), UnpackError> {
        for extension in PaxExtensions::new(record) {
            let extension = extension.map_err(|_| damaged())?;
            let value = extension.value_bytes();
            match extension.key_bytes() {
                b"path" => self.said.path = Some(value.to_vec()),
                b"size" => {
                    let size = str::from_utf8(value)
                        .ok()
                        .and_then(|text| text.parse().ok());
                    self.said.size = Some(size.ok_or_else(damaged)?);
                }
                b"linkpath" => return Err(refused("", ArchiveProblem::Link)),
                key if key.starts_with(b"GNU.sparse") => {
                    return Err(refused("", ArchiveProblem::SpecialFile));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn take_entry(
        &mut self,
        kind: EntryType,
        entry: tar::Entry<'_, impl Read>,
    ) -> Result<(), UnpackError> {
        let said = std::mem::take(&mut self.said);
        let raw = match said.path {
            Some(path) => path,
            None => entry.path_bytes().into_owned(),
        };
        let refuse = |problem| UnpackError::Refused {
            entry: ArchivePath::excerpt(&raw),
            problem,
        };
        let is_folder = match kind {
            EntryType::Directory => true,
            // Archives from before POSIX mark a folder by a slash at its end.
            EntryType::Regular | EntryType::Continuous => raw.ends_with(b"/"),
            EntryType::Link | EntryType::Symlink | EntryType::GNULongLink => {
                return Err(refuse(ArchiveProblem::Link));
            }
            _ => return Err(refuse(ArchiveProblem::SpecialFile)),
        };
        // The outermost folder, which every package's archive has and every packer names differently.
        let path = ArchivePath::parse(&raw).map_err(refuse)?;
        let Some(path) = path.and_then(|path| path.without_first()) else {
            return Ok(());
        };
        if is_folder {
            return self.add_folders(path.ancestors_and_self());
        }
        let size = entry.header().size().map_err(|_| malformed(&path))?;
        // Where two sizes disagree, another reader sees another archive.
        if said.size.is_some_and(|said| said != size) {
            return Err(malformed(&path));
        }
        self.take_file(&path, size, entry)
    }

    fn add_folders<'p>(
        &mut self,
        folders: impl Iterator<Item = &'p str>,
    ) -> Result<(), UnpackError> {
        for folder in folders {
            if self.add_name(folder, Kind::Folder)? {
                make_folder(&self.into.join(folder))?;
            }
        }
        Ok(())
    }

    fn add_name(&mut self, path: &str, kind: Kind) -> Result<bool, UnpackError> {
        let added = self.names.add(path, kind);
        added.map_err(|problem| refused(path, problem))
    }

    fn take_file(
        &mut self,
        path: &ArchivePath,
        size: u64,
        mut entry: tar::Entry<'_, impl Read>,
    ) -> Result<(), UnpackError> {
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.bytes {
            let limit = self.limits.bytes;
            return Err(refused(path.as_str(), ArchiveProblem::TooLarge { limit }));
        }
        self.add_folders(path.ancestors())?;
        let place = self.into.join(path.as_str());
        if !self.add_name(path.as_str(), Kind::File)? {
            fs_err::remove_file(&place)?;
        }
        let executable = entry.header().mode().map_err(|_| malformed(path))? & 0o111 != 0;
        let mode = if executable { 0o555 } else { 0o444 };
        let sha256 = self
            .write_file(&mut entry, &place, size, mode)
            .map_err(|error| error.map_or_else(|| malformed(path), UnpackError::Storage))?;
        let file = PackageFile {
            path: path.as_str().to_owned(),
            size,
            executable,
            sha256,
        };
        self.files.insert(file.path.clone(), file);
        Ok(())
    }

    /// Writes one file; what fails is the disk or, with no error given, the archive.
    fn write_file(
        &mut self,
        entry: &mut impl Read,
        place: &Path,
        size: u64,
        mode: u32,
    ) -> Result<Digest, Option<io::Error>> {
        let mut file = fs_err::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(place)?;
        let mut hasher = Sha256::new();
        let mut left = size;
        while left > 0 {
            let count = match entry.read(&mut self.buffer) {
                Ok(0) => return Err(None),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Err(None),
            };
            let bytes = &self.buffer[..count];
            hasher.update(bytes);
            file.write_all(bytes)?;
            left = left.saturating_sub(count as u64);
        }
        file.set_permissions(Permissions::from_mode(mode))?;
        Ok(Digest::from(<[u8; 32]>::from(hasher.finalize())))
    }

    fn finish(self) -> Vec<PackageFile> {
        let mut files: Vec<_> = self.files.into_values().collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        files
    }
}

fn refused(entry: &str, problem: ArchiveProblem) -> UnpackError {
    UnpackError::Refused {
        entry: ArchivePath::excerpt(entry.as_bytes()),
        problem,
    }
}

fn malformed(entry: &ArchivePath) -> UnpackError {
    refused(entry.as_str(), ArchiveProblem::Malformed)
}

fn damaged() -> UnpackError {
    refused("", ArchiveProblem::Malformed)
}

fn read_record(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
    let size = entry.header().entry_size().map_err(|_| damaged())?;
    if size > MAX_RECORD_BYTES {
        return Err(damaged());
    }
    let mut record = Vec::new();
    entry
        .take(MAX_RECORD_BYTES)
        .read_to_end(&mut record)
        .map_err(|_| damaged())?;
    Ok(record)
}

#[cfg(test)]
mod tests;
