//! Zip archives as nobody's tools would make them.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;
use mycelium_package::Package;
use mycelium_package::PackageError;
use mycelium_types::ArchiveProblem;

pub(crate) const SKILL: &[u8] = b"---\nname: tool\ndescription: Does things\n---\nDo them.\n";

/// One entry, with everything about it to be chosen.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// In front of the content, if it is another one there.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) content: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) extra: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    /// The unpacked size that is told, if it is not the true one.
    pub(crate) size: Option<u32>,
    pub(crate) checksum: Option<u32>,
    pub(crate) disk: u16,
    /// Bytes after the content.
    pub(crate) after: Vec<u8>,
}

impl Entry {
    /// A deflated plain file.
    pub(crate) fn file(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            local_name: None,
            content: content.to_vec(),
            mode: 0o100_644,
            flags: 1 << 11,
            method: 8,
            extra: Vec::new(),
            local_extra: Vec::new(),
            size: None,
            checksum: None,
            disk: 0,
            after: Vec::new(),
        }
    }

    pub(crate) fn folder(name: &str) -> Self {
        Self {
            mode: 0o040_755,
            method: 0,
            ..Self::file(name, b"")
        }
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }

    fn checksum(&self) -> u32 {
        let mut checksum = Crc::new();
        checksum.update(&self.content);
        self.checksum.unwrap_or(checksum.sum())
    }

    fn told(&self, name: &[u8], extra: &[u8], into: &mut Vec<u8>) {
        for value in [20, self.flags, self.method, 0, 33] {
            into.extend(u16::to_le_bytes(value));
        }
        let size = self.size.unwrap_or(self.content.len() as u32);
        for value in [self.checksum(), self.packed().len() as u32, size] {
            into.extend(u32::to_le_bytes(value));
        }
        into.extend(u16::to_le_bytes(name.len() as u16));
        into.extend(u16::to_le_bytes(extra.len() as u16));
    }

    /// The record that follows the content where sizes do not come first.
    pub(crate) fn with_descriptor(mut self) -> Self {
        self.flags |= 1 << 3;
        self.after.extend(0x0807_4b50_u32.to_le_bytes());
        let size = self.content.len() as u32;
        for value in [self.checksum(), self.packed().len() as u32, size] {
            self.after.extend(value.to_le_bytes());
        }
        self
    }
}

/// The archive of these entries.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = bytes.len() as u32;
        bytes.extend(0x0403_4b50_u32.to_le_bytes());
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        entry.told(local_name, &entry.local_extra, &mut bytes);
        bytes.extend(local_name);
        bytes.extend(&entry.local_extra);
        bytes.extend(entry.packed());
        bytes.extend(&entry.after);

        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend((3_u16 << 8 | 20).to_le_bytes());
        entry.told(&entry.name, &entry.extra, &mut directory);
        for value in [0, entry.disk, 0] {
            directory.extend(u16::to_le_bytes(value));
        }
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let offset = bytes.len() as u32;
    let size = directory.len() as u32;
    bytes.extend(directory);
    bytes.extend(0x0605_4b50_u32.to_le_bytes());
    for value in [0, 0, entries.len() as u16, entries.len() as u16] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(size.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

/// A skill, and these entries beside its `SKILL.md`.
pub(crate) fn skill_with(entries: &[Entry]) -> Vec<u8> {
    let mut all = vec![Entry::file("tool/SKILL.md", SKILL)];
    all.extend_from_slice(entries);
    archive(&all)
}

pub(crate) fn opened(bytes: Vec<u8>) -> Result<Package, PackageError> {
    Package::of(Path::new("/packages/tool.skill"), bytes)
}

/// Reads and unpacks a package, and says why it is refused.
pub(crate) fn problem(bytes: Vec<u8>) -> ArchiveProblem {
    let folder = tempfile::tempdir().unwrap();
    let outcome = opened(bytes).and_then(|package| {
        package.digests()?;
        package.unpack(&folder.path().join("skill"))
    });
    let outside = fs_err::read_dir(folder.path()).unwrap();
    assert!(outside.count() <= 1, "something is outside the folder");
    match outcome {
        Err(PackageError::Refused { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}
