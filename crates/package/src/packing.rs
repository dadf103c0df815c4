//! Writes packages: the same bytes for the same files, whenever and wherever they are packed.

use std::collections::VecDeque;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;
use mycelium_types::ArchivePath;
use mycelium_types::ArchiveProblem;
use rustix::fs::OFlags;

use crate::Package;
use crate::PackageError;
use crate::error::Refusal;
use crate::package::MAX_BYTES;
use crate::package::MAX_ENTRIES;

/// Unix, and version 2.0 of the format: deflate and folders.
const MADE_BY: u16 = 3 << 8 | VERSION;
const VERSION: u16 = 20;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1 January 1980, the first day there is, so that a package does not tell when it was made.
const DATE: u16 = 1 << 5 | 1;

/// A file on its way into a package.
struct Packed {
    name: String,
    executable: bool,
    method: u16,
    checksum: u32,
    size: u32,
    content: Vec<u8>,
}

/// Packs all files of `folder` but `.git` and packages that lie in it, below a folder called `name`. `to` is the package's path, for messages.
///
/// # Errors
///
/// [`PackageError::Refused`] if the folder has a link, a device, or more than a package may have, and whatever reading
/// the package would say: what is written can be read.
pub fn pack(folder: &Path, name: &str, to: &Path) -> Result<Package, PackageError> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    let files = files(folder).map_err(|failure| failure.of(folder, to))?;
    let mut unpacked = 0;
    let count = files.len() as u16;
    for (below, executable) in files {
        let whole = || Refusal::whole(ArchiveProblem::TooLarge { limit: MAX_BYTES }).of(to);
        let most = MAX_BYTES - unpacked;
        let content =
            read(&folder.join(&below), most).map_err(|source| PackageError::Unreadable {
                path: folder.join(&below),
                source,
            })?;
        let content = content.ok_or_else(whole)?;
        unpacked += content.len() as u64;
        let file =
            Packed::of(format!("{name}/{below}"), executable, &content).map_err(|_| whole())?;
        let offset = u32::try_from(bytes.len()).map_err(|_| whole())?;
        file.write_local(&mut bytes);
        file.write_central(offset, &mut directory);
    }
    let offset = bytes.len() as u32;
    let size = directory.len() as u32;
    bytes.append(&mut directory);
    write_end(count, size, offset, &mut bytes);
    let package = Package::of(to, bytes)?;
    package.digests()?;
    Ok(package)
}

/// What is not packed, directly in the folder: it changes without the skill changing.
fn is_left_out(path: &Path) -> bool {
    path == Path::new(".git") || Package::is_named(path)
}

/// Why a folder cannot be packed.
enum Failure {
    Unreadable(PathBuf, io::Error),
    Refused(Refusal),
}

impl Failure {
    fn of(self, folder: &Path, to: &Path) -> PackageError {
        match self {
            Self::Unreadable(path, source) => PackageError::Unreadable {
                path: folder.join(path),
                source,
            },
            Self::Refused(refusal) => refusal.of(to),
        }
    }
}

/// The files below `folder`, by path, and whether their owner may run them.
fn files(folder: &Path) -> Result<Vec<(String, bool)>, Failure> {
    let mut files = Vec::new();
    let mut entries = 0;
    let mut pending = VecDeque::from([PathBuf::new()]);
    while let Some(below) = pending.pop_front() {
        let unreadable = |error| Failure::Unreadable(below.clone(), error);
        for entry in fs_err::read_dir(folder.join(&below)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = below.join(entry.file_name());
            if below == Path::new("") && is_left_out(&path) {
                continue;
            }
            entries += 1;
            let raw = path.as_os_str().as_encoded_bytes();
            let refuse = |problem| Failure::Refused(Refusal::entry(raw, problem));
            if entries > MAX_ENTRIES {
                return Err(refuse(ArchiveProblem::TooMany { limit: MAX_ENTRIES }));
            }
            let checked = ArchivePath::parse(raw).map_err(refuse)?;
            let metadata = entry.metadata().map_err(unreadable)?;
            if metadata.is_dir() {
                pending.push_back(path);
            } else if metadata.is_symlink() {
                return Err(refuse(ArchiveProblem::Link));
            } else if let (true, Some(checked)) = (metadata.is_file(), checked) {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                files.push((checked.as_str().to_owned(), executable));
            } else {
                return Err(refuse(ArchiveProblem::SpecialFile));
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Reads a file that was no link a moment ago; `None` if it has more than `most` bytes.
fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut options = std::fs::OpenOptions::new();
    options
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed());
    let file = fs_err::OpenOptions::from_options(options).open(path)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

impl Packed {
    fn of(name: String, executable: bool, content: &[u8]) -> io::Result<Self> {
        let mut checksum = Crc::new();
        checksum.update(content);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        let deflated = encoder.finish()?;
        let (method, packed) = match deflated.len() < content.len() {
            true => (8, deflated),
            false => (0, content.to_vec()),
        };
        Ok(Self {
            name,
            executable,
            method,
            checksum: checksum.sum(),
            size: u32::try_from(content.len()).map_err(io::Error::other)?,
            content: packed,
        })
    }

    fn write_local(&self, into: &mut Vec<u8>) {
        number(into, 0x0403_4b50);
        self.write_told(into);
        short(into, 0);
        into.extend_from_slice(self.name.as_bytes());
        into.extend_from_slice(&self.content);
    }

    fn write_central(&self, offset: u32, into: &mut Vec<u8>) {
        number(into, 0x0201_4b50);
        short(into, MADE_BY);
        self.write_told(into);
        // No extra fields, no comment, the first part, no text.
        for _ in 0..4 {
            short(into, 0);
        }
        let mode: u32 = if self.executable { 0o755 } else { 0o644 };
        number(into, (0o100_000 | mode) << 16);
        number(into, offset);
        into.extend_from_slice(self.name.as_bytes());
    }

    /// What both descriptions of a file have, up to the length of its name.
    fn write_told(&self, into: &mut Vec<u8>) {
        for value in [VERSION, FLAGS, self.method, 0, DATE] {
            short(into, value);
        }
        for value in [self.checksum, self.content.len() as u32, self.size] {
            number(into, value);
        }
        short(into, self.name.len() as u16);
    }
}

fn write_end(count: u16, size: u32, offset: u32, into: &mut Vec<u8>) {
    number(into, 0x0605_4b50);
    for value in [0, 0, count, count] {
        short(into, value);
    }
    number(into, size);
    number(into, offset);
    short(into, 0);
}

fn short(into: &mut Vec<u8>, value: u16) {
    into.extend_from_slice(&value.to_le_bytes());
}

fn number(into: &mut Vec<u8>, value: u32) {
    into.extend_from_slice(&value.to_le_bytes());
}
