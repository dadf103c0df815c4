//! The content of a skill folder, digested without holding it in memory.

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mycelium_types::Digest;
use mycelium_types::DigestBuilder;
use rustix::fs::OFlags;
use sha2::Digest as _;
use sha2::Sha256;

use super::EntryKind;
use super::Tree;
use super::key;
use crate::LoadError;

/// Goes in first, so that another way of digesting never gives the same digest.
const FORMAT: &[u8] = b"mycelium-skill-content-1";
/// How much of a file is read at a time.
const CHUNK: usize = 64 << 10;

/// One part of a skill's content.
pub(crate) enum Part<'p> {
    /// A file: the SHA-256 of its bytes, and whether its owner may run it.
    File { sha256: [u8; 32], executable: bool },
    /// A link and where it points.
    Link(&'p Path),
}

/// The digest of a skill's content, from its parts sorted by the bytes of their paths.
///
/// SHA-256 over a format mark and then, for each part, its kind (`file`, `executable` or `link`), its
/// path with `/` between folders, and the SHA-256 of its bytes or its target, each preceded by its
/// length. Folders count only through what they hold.
pub(crate) fn content_digest<'p>(parts: impl IntoIterator<Item = (&'p Path, Part<'p>)>) -> Digest {
    let mut digest = DigestBuilder::new().part(FORMAT);
    for (path, part) in parts {
        digest = match part {
            Part::File { sha256, executable } => {
                let kind: &[u8] = if executable { b"executable" } else { b"file" };
                digest.part(kind).part(key(path)).part(&sha256)
            }
            Part::Link(target) => digest
                .part(b"link")
                .part(key(path))
                .part(target.as_os_str().as_bytes()),
        };
    }
    digest.finish()
}

/// Reads a whole file that is a regular file and no link; `None` if it has more than `most` bytes.
pub(crate) fn read_file(path: &Path, most: u64) -> Result<Option<Vec<u8>>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

impl Tree {
    /// Digests all files and links. Fails with [`LoadError::Changing`] if a file no longer has the
    /// size that was listed.
    pub(crate) fn digest(&self) -> Result<Digest, LoadError> {
        let mut buffer = vec![0; CHUNK];
        let mut parts = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let part = match &entry.kind {
                EntryKind::Folder => continue,
                EntryKind::Link { target } => Part::Link(target),
                EntryKind::File { size, executable } => Part::File {
                    sha256: self.digest_file(&entry.path, *size, &mut buffer)?,
                    executable: *executable,
                },
            };
            parts.push((entry.path.as_path(), part));
        }
        Ok(content_digest(parts))
    }

    fn digest_file(
        &self,
        path: &Path,
        size: u64,
        buffer: &mut [u8],
    ) -> Result<[u8; 32], LoadError> {
        let path = self.root.join(path);
        let unreadable = |source| LoadError::Unreadable {
            path: path.clone(),
            source,
        };
        let mut file = open(&path).map_err(unreadable)?.take(size + 1);
        let mut digest = Sha256::new();
        let mut read = 0;
        loop {
            match file.read(buffer) {
                Ok(0) => break,
                Ok(count) => {
                    digest.update(&buffer[..count]);
                    read += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        if read != size {
            return Err(LoadError::Changing {
                folder: self.root.clone(),
            });
        }
        Ok(digest.finalize().into())
    }
}

/// Opens a regular file. A link put in its place is not followed, and a pipe does not block.
fn open(path: &Path) -> std::io::Result<fs_err::File> {
    let mut options = std::fs::OpenOptions::new();
    options
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed());
    let file = fs_err::OpenOptions::from_options(options).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(std::io::Error::other("it is not a regular file"))
    }
}
