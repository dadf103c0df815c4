//! A file of compiled code: a sorted index of names, then the bytecode of each.
//!
//! The builtin modules are one pack inside the program; the code of a skill and its dependencies is another, made by a
//! compile worker and handed in read-only by the daemon, which keys it by the content of the sources. Numbers are
//! little-endian; a pack that does not fit in every respect is as good as none.
//!
//! ```text
//! magic 8 | build 8 | records 8 | length of all 8 | checksum of records and names 8 | record 48 … | names … | code …
//! record: name offset 4, length 4 | form 8 | source length 8 | code offset 8, length 8 | checksum 8
//! ```

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;

const MAGIC: [u8; 8] = *b"mycelbc1";
const HEADER: usize = 40;
const RECORD: usize = 48;

/// What a piece of code was compiled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A script whose value is a function: a CommonJS module in its wrapper.
    Function,
    /// An ES module.
    Module,
}

/// One compiled file.
#[derive(Debug)]
pub(crate) struct Unit {
    /// How the code is found: a builtin's name or a file's path.
    pub(crate) name: String,
    /// What it was compiled as.
    pub(crate) form: Form,
    /// The size of the source it was made of, in bytes.
    pub(crate) source_length: u64,
    /// The engine's bytecode.
    pub(crate) code: Vec<u8>,
}

/// Writes `units` as one pack for programs whose [`identity`] is `build`.
pub(crate) fn write(build: u64, mut units: Vec<Unit>) -> Vec<u8> {
    units.sort_by(|a, b| a.name.cmp(&b.name));
    units.dedup_by(|a, b| a.name == b.name);
    let names_at = HEADER + units.len() * RECORD;
    let mut code_at = names_at + units.iter().map(|unit| unit.name.len()).sum::<usize>();
    let mut name_at = names_at;
    let total = code_at + units.iter().map(|unit| unit.code.len()).sum::<usize>();

    let mut pack = Vec::with_capacity(total);
    pack.extend_from_slice(&MAGIC);
    pack.extend_from_slice(&build.to_le_bytes());
    pack.extend_from_slice(&(units.len() as u64).to_le_bytes());
    pack.extend_from_slice(&(total as u64).to_le_bytes());
    pack.extend_from_slice(&0_u64.to_le_bytes());
    for unit in &units {
        pack.extend_from_slice(&(name_at as u32).to_le_bytes());
        pack.extend_from_slice(&(unit.name.len() as u32).to_le_bytes());
        let form: u64 = match unit.form {
            Form::Function => 0,
            Form::Module => 1,
        };
        pack.extend_from_slice(&form.to_le_bytes());
        pack.extend_from_slice(&unit.source_length.to_le_bytes());
        pack.extend_from_slice(&(code_at as u64).to_le_bytes());
        pack.extend_from_slice(&(unit.code.len() as u64).to_le_bytes());
        pack.extend_from_slice(&checksum(&unit.code).to_le_bytes());
        name_at += unit.name.len();
        code_at += unit.code.len();
    }
    for unit in &units {
        pack.extend_from_slice(unit.name.as_bytes());
    }
    let index = checksum(&pack[HEADER..]);
    pack[HEADER - 8..HEADER].copy_from_slice(&index.to_le_bytes());
    for unit in &units {
        pack.extend_from_slice(&unit.code);
    }
    pack
}

/// What programs must agree on to share bytecode: FNV-1a over `parts`.
pub(crate) fn identity(parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

/// Tells damaged code from whole code; no protection against code made on purpose.
pub(crate) fn checksum(code: &[u8]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64 ^ code.len() as u64;
    let (words, rest) = code.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word))
            .wrapping_mul(0x9fb2_1c65_1e98_df25)
            .rotate_left(29);
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x9fb2_1c65_1e98_df25);
    }
    hash ^ (hash >> 32)
}

/// A pack that is read, one unit at a time.
#[derive(Debug)]
pub(crate) struct Pack {
    index: Cow<'static, [u8]>,
    units: usize,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Embedded(&'static [u8]),
    File(File),
}

/// Where a unit is in its pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What it was compiled as.
    pub(crate) form: Form,
    /// The size of the source it was made of, in bytes.
    pub(crate) source_length: u64,
    offset: u64,
    length: u64,
    checksum: u64,
}

impl Pack {
    /// A pack that is part of the program.
    pub(crate) fn embedded(bytes: &'static [u8]) -> Self {
        let units = Header::read(bytes).map_or(0, |header| header.units);
        Self {
            index: Cow::Borrowed(bytes),
            units,
            store: Store::Embedded(bytes),
        }
    }

    /// A pack in a file, if it was written by a program whose [`identity`] is `build` and is whole.
    pub(crate) fn open(file: File, build: u64) -> Option<Self> {
        let length = file.metadata().ok()?.len();
        let mut start = [0; HEADER];
        file.read_exact_at(&mut start, 0).ok()?;
        let header = Header::read(&start)?;
        if header.build != build || header.total != length {
            return None;
        }
        // Names end where the first unit's code begins; with no unit there is nothing but the header.
        let size = HEADER.checked_add(header.units.checked_mul(RECORD)?)?;
        if size as u64 > length {
            return None;
        }
        let mut records = vec![0; size];
        file.read_exact_at(&mut records, 0).ok()?;
        let end = match record(&records, 0) {
            Some(first) if header.units > 0 => first.found.offset,
            _ => records.len() as u64,
        };
        if end > length || end < records.len() as u64 {
            return None;
        }
        let mut index = records;
        let names = index.len();
        index.resize(usize::try_from(end).ok()?, 0);
        file.read_exact_at(&mut index[names..], names as u64).ok()?;
        if checksum(&index[HEADER..]) != header.checksum {
            return None;
        }
        Some(Self {
            index: Cow::Owned(index),
            units: header.units,
            store: Store::File(file),
        })
    }

    /// Looks a unit up.
    pub(crate) fn find(&self, name: &str) -> Option<Found> {
        let (mut low, mut high) = (0, self.units);
        while low < high {
            let middle = low.midpoint(high);
            let record = record(&self.index, middle)?;
            let start = record.name.0 as usize;
            let end = start.checked_add(record.name.1 as usize)?;
            match self.index.get(start..end)?.cmp(name.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(record.found),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The names of all units, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        (0..self.units).filter_map(|at| {
            let (offset, length) = record(&self.index, at)?.name;
            let start = offset as usize;
            std::str::from_utf8(self.index.get(start..start + length as usize)?).ok()
        })
    }

    /// The code of a unit, unless it is damaged.
    pub(crate) fn code(&self, found: &Found) -> Option<Cow<'_, [u8]>> {
        let length = usize::try_from(found.length).ok()?;
        let code = match &self.store {
            Store::Embedded(bytes) => {
                let start = usize::try_from(found.offset).ok()?;
                return bytes
                    .get(start..start.checked_add(length)?)
                    .map(Cow::Borrowed);
            }
            Store::File(file) => {
                let end = found.offset.checked_add(found.length)?;
                if end > file.metadata().ok()?.len() {
                    return None;
                }
                let mut code = vec![0; length];
                file.read_exact_at(&mut code, found.offset).ok()?;
                code
            }
        };
        (checksum(&code) == found.checksum).then_some(Cow::Owned(code))
    }
}

struct Header {
    build: u64,
    units: usize,
    total: u64,
    /// Of the records and names.
    checksum: u64,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        (bytes.get(..8)? == MAGIC).then_some(())?;
        Some(Self {
            build: number(bytes, 8)?,
            units: usize::try_from(number(bytes, 16)?).ok()?,
            total: number(bytes, 24)?,
            checksum: number(bytes, 32)?,
        })
    }
}

struct Record {
    /// Offset and length.
    name: (u32, u32),
    found: Found,
}

fn record(index: &[u8], at: usize) -> Option<Record> {
    let start = HEADER.checked_add(at.checked_mul(RECORD)?)?;
    let bytes = index.get(start..start.checked_add(RECORD)?)?;
    let name = number(bytes, 0)?;
    Some(Record {
        name: (name as u32, (name >> 32) as u32),
        found: Found {
            form: match number(bytes, 8)? {
                0 => Form::Function,
                1 => Form::Module,
                _ => return None,
            },
            source_length: number(bytes, 16)?,
            offset: number(bytes, 24)?,
            length: number(bytes, 32)?,
            checksum: number(bytes, 40)?,
        },
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
