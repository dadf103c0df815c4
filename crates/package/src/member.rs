//! One file of an archive: what is told of it, and its content.

use std::io;
use std::io::Read as _;
use std::io::Write;
use std::ops::Range;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use mycelium_types::ArchiveProblem;

/// A file or folder, as the archive tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) is_folder: bool,
    /// Whether its owner may run it.
    pub(crate) executable: bool,
    pub(crate) compression: Compression,
    pub(crate) checksum: u32,
    /// Where its content is in the archive.
    pub(crate) packed: Range<usize>,
    /// How many bytes it has unpacked.
    pub(crate) size: u64,
}

/// How content is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Stored,
    Deflate,
}

/// Why content cannot be had.
#[derive(Debug)]
pub(crate) enum CopyError {
    /// It is not what the archive says.
    Refused(ArchiveProblem),
    /// It cannot be written.
    Storage(io::Error),
}

/// How much is unpacked at a time.
const CHUNK: usize = 64 << 10;

impl Member {
    /// Writes the content into `into`, and not a byte more than was told.
    pub(crate) fn copy(&self, archive: &[u8], into: &mut dyn Write) -> Result<(), CopyError> {
        let packed = archive
            .get(self.packed.clone())
            .ok_or(CopyError::Refused(ArchiveProblem::Malformed))?;
        let mut checksum = Crc::new();
        match self.compression {
            Compression::Stored => {
                checksum.update(packed);
                into.write_all(packed).map_err(CopyError::Storage)?;
            }
            Compression::Deflate => self.inflate(packed, &mut checksum, into)?,
        }
        match checksum.sum() == self.checksum {
            true => Ok(()),
            false => Err(CopyError::Refused(ArchiveProblem::Malformed)),
        }
    }

    fn inflate(
        &self,
        packed: &[u8],
        checksum: &mut Crc,
        into: &mut dyn Write,
    ) -> Result<(), CopyError> {
        let mut decoder = DeflateDecoder::new(packed);
        let mut buffer = vec![0; CHUNK];
        let mut left = self.size;
        loop {
            let count = match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(_) => return Err(CopyError::Refused(ArchiveProblem::Malformed)),
            };
            left = left
                .checked_sub(count as u64)
                .ok_or(CopyError::Refused(ArchiveProblem::Contradiction))?;
            checksum.update(&buffer[..count]);
            into.write_all(&buffer[..count])
                .map_err(CopyError::Storage)?;
        }
        if left != 0 {
            return Err(CopyError::Refused(ArchiveProblem::Contradiction));
        }
        match decoder.total_in() == packed.len() as u64 {
            true => Ok(()),
            false => Err(CopyError::Refused(ArchiveProblem::Surplus)),
        }
    }
}
