//! The records of a zip archive, read so that no other reader can find other files in the same bytes.
//!
//! After PKWARE's APPNOTE 6.3.10. Of what that allows, only what packages need is read: the archive is exactly its
//! members one after the other, the directory and its end; both descriptions of a member agree; there are no comments
//! behind the end, no second part and no 64-bit records, which nothing below 4 GiB needs.

use std::ops::Range;

use mycelium_types::ArchiveProblem;

use crate::error::Refusal;
use crate::member::Compression;
use crate::member::Member;

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64_LOCATOR: u32 = 0x0706_4b50;

const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;
/// How far from the end of the file its end record may be when a comment follows: for the message only.
const END_REACH: usize = END_BYTES + 0xffff;

/// Bits of a member's flags.
const ENCRYPTED: u16 = 1 << 0 | 1 << 6 | 1 << 13;
const DEFLATE_OPTIONS: u16 = 1 << 1 | 1 << 2;
const SIZES_FOLLOW: u16 = 1 << 3;
const UTF_8: u16 = 1 << 11;

/// Extra fields that change what a member is.
const ZIP_64: u16 = 0x0001;
const STRONG_ENCRYPTION: u16 = 0x0017;
const AES: u16 = 0x9901;
const UNICODE_PATH: u16 = 0x7075;
/// Version and checksum before the name in [`UNICODE_PATH`].
const UNICODE_PATH_BYTES: usize = 5;

/// What the file system that made the archive says of a member, in the upper half of its attributes.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// A record's fields, which may be cut short.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    /// The `length` bytes at `start` that begin with `signature`.
    fn at(bytes: &'a [u8], start: usize, length: usize, signature: u32) -> Option<Self> {
        let record = Self(bytes.get(start..start.checked_add(length)?)?);
        (record.number(0) == signature).then_some(record)
    }

    fn short(self, at: usize) -> u16 {
        let bytes = self.0.get(at..at + 2).unwrap_or(&[0; 2]);
        u16::from_le_bytes([bytes[0], bytes[1]])
    }

    fn number(self, at: usize) -> u32 {
        u32::from(self.short(at)) | u32::from(self.short(at + 2)) << 16
    }

    fn length(self, at: usize) -> usize {
        usize::from(self.short(at))
    }
}

/// What is told of a member in both of its descriptions.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    flags: u16,
    method: u16,
    checksum: u32,
    packed: u32,
    size: u32,
}

impl Told {
    /// The fields, of which the flags are at `at`.
    fn at(record: Record<'_>, at: usize) -> Self {
        Self {
            flags: record.short(at),
            method: record.short(at + 2),
            checksum: record.number(at + 8),
            packed: record.number(at + 12),
            size: record.number(at + 16),
        }
    }

    /// Whether the description in front of the content, `self`, says what the directory says.
    fn agrees(self, directory: Self) -> bool {
        let without_sizes = Self {
            checksum: 0,
            packed: 0,
            size: 0,
            ..directory
        };
        self == directory || (self.flags & SIZES_FOLLOW != 0 && self == without_sizes)
    }
}

/// A member and where it begins.
struct Placed {
    offset: usize,
    told: Told,
    member: Member,
}

/// The members of an archive, in the order of its directory, of which there are at most `most`.
pub(crate) fn members(bytes: &[u8], most: usize) -> Result<Vec<Member>, Refusal> {
    let (directory, count) = directory(bytes)?;
    if count > most {
        return Err(Refusal::whole(ArchiveProblem::TooMany { limit: most }));
    }
    let mut placed = Vec::with_capacity(count);
    let mut at = directory.start;
    for _ in 0..count {
        let (member, next) = described(&bytes[..directory.end], at)?;
        placed.push(member);
        at = next;
    }
    if at != directory.end {
        return Err(Refusal::whole(ArchiveProblem::Surplus));
    }
    locate(&mut placed, &bytes[..directory.start])?;
    Ok(placed.into_iter().map(|placed| placed.member).collect())
}

/// Where the directory is, and how many members it has.
fn directory(bytes: &[u8]) -> Result<(Range<usize>, usize), Refusal> {
    let refuse = |problem| Err(Refusal::whole(problem));
    let Some(at) = bytes.len().checked_sub(END_BYTES) else {
        return refuse(ArchiveProblem::Malformed);
    };
    let Some(end) = Record::at(bytes, at, END_BYTES, END) else {
        let tail = &bytes[bytes.len().saturating_sub(END_REACH)..];
        return refuse(match has_signature(tail, END) {
            true => ArchiveProblem::Surplus,
            false => ArchiveProblem::Malformed,
        });
    };
    if end.short(20) != 0 {
        // The comment is not there.
        return refuse(ArchiveProblem::Malformed);
    }
    let locator = at.checked_sub(LOCATOR_BYTES);
    let is_64 =
        locator.is_some_and(|at| Record::at(bytes, at, LOCATOR_BYTES, END_64_LOCATOR).is_some());
    let (count, size, offset) = (end.short(10), end.number(12), end.number(16));
    if is_64
        || end.short(4) != 0
        || end.short(6) != 0
        || count == u16::MAX
        || size == u32::MAX
        || offset == u32::MAX
    {
        return refuse(ArchiveProblem::Extended);
    }
    if end.short(8) != count {
        return refuse(ArchiveProblem::Contradiction);
    }
    let start = offset as usize;
    match start.checked_add(size as usize) {
        Some(end) if end == at => Ok((start..end, usize::from(count))),
        Some(end) if end < at => refuse(ArchiveProblem::Surplus),
        Some(_) | None => refuse(ArchiveProblem::Malformed),
    }
}

fn has_signature(bytes: &[u8], signature: u32) -> bool {
    bytes
        .windows(4)
        .any(|window| window == signature.to_le_bytes())
}

/// Reads what the directory says at `at`, and where it goes on.
fn described(directory: &[u8], at: usize) -> Result<(Placed, usize), Refusal> {
    let malformed = || Refusal::whole(ArchiveProblem::Malformed);
    let record = Record::at(directory, at, CENTRAL_BYTES, CENTRAL).ok_or_else(malformed)?;
    let (name, extra, comment) = (record.length(28), record.length(30), record.length(32));
    let start = at + CENTRAL_BYTES;
    let rest = directory.get(start..start + name + extra + comment);
    let rest = rest.ok_or_else(malformed)?;
    let (name, extra) = (&rest[..name], &rest[name..name + extra]);
    let refuse = |problem| Err(Refusal::entry(name, problem));
    check_extra(name, extra)?;
    let told = Told::at(record, 8);
    if told.flags & ENCRYPTED != 0 {
        return refuse(ArchiveProblem::Encrypted);
    }
    if told.flags & !(DEFLATE_OPTIONS | SIZES_FOLLOW | UTF_8) != 0 {
        return refuse(ArchiveProblem::Compression);
    }
    let compression = match told.method {
        0 => Compression::Stored,
        8 => Compression::Deflate,
        _ => return refuse(ArchiveProblem::Compression),
    };
    let offset = record.number(42);
    if record.short(34) != 0 || [told.packed, told.size, offset].contains(&u32::MAX) {
        return refuse(ArchiveProblem::Extended);
    }
    if compression == Compression::Stored && told.packed != told.size {
        return refuse(ArchiveProblem::Contradiction);
    }
    let mode = record.number(38) >> 16;
    let is_folder = name.ends_with(b"/");
    match mode & KIND {
        // Systems without modes say nothing.
        0 => {}
        REGULAR if !is_folder => {}
        FOLDER if is_folder => {}
        LINK => return refuse(ArchiveProblem::Link),
        REGULAR | FOLDER => return refuse(ArchiveProblem::Contradiction),
        _ => return refuse(ArchiveProblem::SpecialFile),
    }
    if is_folder && told.size != 0 {
        return refuse(ArchiveProblem::Contradiction);
    }
    let placed = Placed {
        offset: offset as usize,
        told,
        member: Member {
            name: name.to_vec(),
            is_folder,
            executable: mode & 0o111 != 0,
            compression,
            checksum: told.checksum,
            packed: 0..0,
            size: u64::from(told.size),
        },
    };
    Ok((placed, start + rest.len()))
}

/// Refuses extra fields that would make another reader see something else.
fn check_extra(name: &[u8], mut extra: &[u8]) -> Result<(), Refusal> {
    let refuse = |problem| Err(Refusal::entry(name, problem));
    while !extra.is_empty() {
        let field = Record(extra);
        let length = field.length(2);
        let Some(content) = extra.get(4..4 + length) else {
            return refuse(ArchiveProblem::Malformed);
        };
        match field.short(0) {
            ZIP_64 => return refuse(ArchiveProblem::Extended),
            STRONG_ENCRYPTION | AES => return refuse(ArchiveProblem::Encrypted),
            UNICODE_PATH if content.get(UNICODE_PATH_BYTES..) != Some(name) => {
                return refuse(ArchiveProblem::Contradiction);
            }
            _ => {}
        }
        extra = &extra[4 + length..];
    }
    Ok(())
}

/// Finds where the content of each member is in `area`, which must be nothing but members.
fn locate(placed: &mut [Placed], area: &[u8]) -> Result<(), Refusal> {
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_unstable_by_key(|index| placed[*index].offset);
    let starts: Vec<usize> = order.iter().map(|index| placed[*index].offset).collect();
    let mut expected = 0;
    for (position, index) in order.iter().enumerate() {
        let next = starts.get(position + 1).copied().unwrap_or(area.len());
        let one = &mut placed[*index];
        let refuse = |problem| Err(Refusal::entry(&one.member.name, problem));
        if one.offset != expected {
            // What begins too early is in the middle of another one.
            return refuse(match one.offset > expected {
                true => ArchiveProblem::Surplus,
                false => ArchiveProblem::Contradiction,
            });
        }
        let Some(record) = Record::at(area, one.offset, LOCAL_BYTES, LOCAL) else {
            return refuse(ArchiveProblem::Malformed);
        };
        let (name, extra) = (record.length(26), record.length(28));
        let start = one.offset + LOCAL_BYTES;
        let Some(rest) = area.get(start..start + name + extra) else {
            return refuse(ArchiveProblem::Malformed);
        };
        check_extra(&rest[..name], &rest[name..])?;
        if rest[..name] != one.member.name || !Told::at(record, 6).agrees(one.told) {
            return refuse(ArchiveProblem::Contradiction);
        }
        let start = start + rest.len();
        let end = start + one.told.packed as usize;
        if end > next {
            return refuse(ArchiveProblem::Contradiction);
        }
        // What comes next may be said to begin beyond the end.
        let Some(after) = area.get(end..next) else {
            return refuse(ArchiveProblem::Contradiction);
        };
        if !is_end_of(one.told, after) {
            return refuse(ArchiveProblem::Surplus);
        }
        one.member.packed = start..end;
        expected = next;
    }
    match expected == area.len() {
        true => Ok(()),
        false => Err(Refusal::whole(ArchiveProblem::Surplus)),
    }
}

/// Whether these bytes, which are all between a member's content and what comes next, belong to it.
fn is_end_of(told: Told, bytes: &[u8]) -> bool {
    if told.flags & SIZES_FOLLOW == 0 {
        return bytes.is_empty();
    }
    let numbers = match bytes.len() {
        12 => bytes,
        16 if Record(bytes).number(0) == DESCRIPTOR => &bytes[4..],
        _ => return false,
    };
    let numbers = Record(numbers);
    [numbers.number(0), numbers.number(4), numbers.number(8)]
        == [told.checksum, told.packed, told.size]
}
