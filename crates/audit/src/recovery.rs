//! Finding the end of a log: after a start, after a crash, after another process wrote.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::sync::Arc;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use mycelium_types::Digest;
use serde_json::Value;
use serde_json::json;

use crate::AuditError;
use crate::AuditFolder;
use crate::chain::CONTINUED;
use crate::checkpoint::CHECKPOINT;
use crate::checkpoint::Head;
use crate::entry::Body;
use crate::entry::Entry;
use crate::entry::Tail;
use crate::entry::unseal;
use crate::event::Level;
use crate::folder::file_name;
use crate::key::Signer;

/// The kind of the entry that says that the log was found changed.
pub(crate) const DAMAGED: &str = "damaged";
/// How much of the last file's end is read, in bytes.
const LOOK_BACK: u64 = 1 << 20;

/// The end of the log, ready for the next entry.
pub(crate) struct End {
    pub(crate) file: Arc<File>,
    pub(crate) number: u64,
    pub(crate) length: u64,
    pub(crate) tail: Tail,
    pub(crate) since_checkpoint: u64,
    /// Whether the last entry says that another file follows, and there is none yet.
    pub(crate) is_continued: bool,
}

/// Where the end was when this process last looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    number: u64,
    length: u64,
    tail: Tail,
    since_checkpoint: u64,
}

impl End {
    pub(crate) fn known(&self) -> Known {
        Known {
            number: self.number,
            length: self.length,
            tail: self.tail,
            since_checkpoint: self.since_checkpoint,
        }
    }
}

/// Finds the end of the log, or begins one; gives the entries that say what was found wrong. The lock is held.
///
/// Whatever is wrong, the log goes on behind the last entry that is known to have been there, so that
/// verification finds the place.
pub(crate) fn find_end(
    folder: &AuditFolder,
    signer: &Signer,
    known: Option<Known>,
) -> Result<(End, Vec<Body>), AuditError> {
    let mut notes = Vec::new();
    let numbers = folder.numbers()?;
    let head = expected(folder, signer, known, numbers.is_empty(), &mut notes)?;
    let Some(&last) = numbers.last() else {
        if head.sequence > 0 {
            notes.push(damaged(
                "all files of the log are gone",
                Tail::empty(),
                head,
            ));
        }
        return Ok((begin_file(folder, 1, head)?, notes));
    };
    let mut file = open(folder, last)?;
    // What this process knows already need not be read again.
    let length = file.metadata()?.len();
    let since = known.filter(|known| {
        known.number == last && (known.length..=known.length + LOOK_BACK).contains(&length)
    });
    let mut seen = Seen::of(&mut file, since, head)?;
    if !seen.fragment.is_empty() {
        notes.push(set_aside(folder, last, &file, &seen)?);
    }
    if seen.end == 0 && seen.tail.is_none() {
        // It was begun and nothing else: the entries before are in the file before.
        if let Some(&before) = numbers.iter().rev().nth(1) {
            let mut file = open(folder, before)?;
            seen.tail = Seen::of(&mut file, None, head)?.tail;
        }
    }
    let tail = seen.tail.unwrap_or(Tail::empty());
    let wrong = match () {
        () if seen.is_broken => Some("the last lines are no entries of this log"),
        () if head.sequence > tail.sequence => Some("the end of the log was cut off"),
        () if seen.is_other => Some("the last entries were replaced"),
        () => None,
    };
    if let Some(reason) = wrong {
        notes.push(damaged(reason, tail, head));
    }
    let end = End {
        file: Arc::new(file.into_parts().0),
        number: last,
        length: seen.end,
        tail: if head.sequence > tail.sequence {
            head
        } else {
            tail
        },
        since_checkpoint: seen.since_checkpoint,
        is_continued: seen.is_continued,
    };
    Ok((end, notes))
}

/// The entry that must be there: the last one this process wrote, or the one of the head record.
fn expected(
    folder: &AuditFolder,
    signer: &Signer,
    known: Option<Known>,
    is_new: bool,
    notes: &mut Vec<Body>,
) -> Result<Tail, AuditError> {
    let known = known.map_or(Tail::empty(), |known| known.tail);
    let wrong = match Head::read(folder) {
        Ok(Some(head)) if head.is_signed(&[signer.public()]) => {
            let head = head.tail();
            return Ok(if head.sequence > known.sequence {
                head
            } else {
                known
            });
        }
        Ok(Some(_)) => "the head record is not signed with this log's key",
        Ok(None) if is_new && known.sequence == 0 => {
            // Made before the first entry, so that a log without one is a log somebody took it from.
            Head::sign(known, signer).publish(folder)?;
            return Ok(known);
        }
        Ok(None) => "the head record is gone",
        Err(error) if error.kind() == io::ErrorKind::InvalidData => "the head record is broken",
        Err(error) => return Err(error.into()),
    };
    notes.push(damaged(wrong, known, known));
    Ok(known)
}

/// Begins the file with this number.
pub(crate) fn begin_file(folder: &AuditFolder, number: u64, tail: Tail) -> Result<End, AuditError> {
    let mut options = fs::OpenOptions::new();
    options.read(true).append(true).create_new(true).mode(0o600);
    let file = options.open(folder.file(number))?;
    folder.sync()?;
    Ok(End {
        file: Arc::new(file.into_parts().0),
        number,
        length: 0,
        tail,
        since_checkpoint: 0,
        is_continued: false,
    })
}

fn open(folder: &AuditFolder, number: u64) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).append(true).open(folder.file(number))
}

/// What is at the end of a file.
#[derive(Debug, Default)]
struct Seen {
    /// The last entry.
    tail: Option<Tail>,
    /// Where the last whole line ends.
    end: u64,
    /// The beginning of a line that was never finished.
    fragment: Vec<u8>,
    since_checkpoint: u64,
    /// Whether a line is no entry, or does not follow the one before.
    is_broken: bool,
    /// Whether the entry that must be there is another one.
    is_other: bool,
    is_continued: bool,
}

impl Seen {
    fn of(file: &mut fs::File, since: Option<Known>, head: Tail) -> io::Result<Self> {
        let whole = file.metadata()?.len();
        let start = since.map_or(whole.saturating_sub(LOOK_BACK), |known| known.length);
        let mut seen = Self {
            tail: since.map(|known| known.tail),
            since_checkpoint: since.map_or(0, |known| known.since_checkpoint),
            end: start,
            ..Self::default()
        };
        file.seek(SeekFrom::Start(start))?;
        let mut content = Vec::new();
        io::Read::take(file, whole - start).read_to_end(&mut content)?;
        let mut lines = content.split_inclusive(|byte| *byte == b'\n');
        if start > 0 && since.is_none() {
            // It begins in the middle of a line.
            let rest = lines.next().unwrap_or_default();
            seen.end += rest.len() as u64;
            if rest.last() != Some(&b'\n') {
                // Nothing of it is a line. What follows begins in a file of its own.
                seen.is_broken = true;
                seen.is_continued = true;
            }
        }
        for line in lines {
            match line.split_last() {
                Some((b'\n', line)) => {
                    seen.end += line.len() as u64 + 1;
                    seen.look_at(line, head);
                }
                Some(_) | None => seen.fragment = line.to_vec(),
            }
        }
        Ok(seen)
    }

    fn look_at(&mut self, line: &[u8], head: Tail) {
        self.since_checkpoint += 1;
        let Ok(entry) = unseal(line) else {
            self.is_broken = true;
            self.is_continued = false;
            return;
        };
        let Entry { sequence, hash, .. } = entry;
        if self.tail.is_some_and(|tail| !follows(tail, &entry)) {
            self.is_broken = true;
        }
        self.is_other |= sequence == head.sequence && hash != head.hash;
        self.is_continued = entry.kind == CONTINUED;
        if entry.kind == CHECKPOINT {
            self.since_checkpoint = 0;
        }
        if entry.kind == DAMAGED {
            // What is before it has been noted.
            self.is_broken = false;
            self.is_other = false;
        }
        self.tail = Some(Tail { sequence, hash });
    }
}

fn follows(tail: Tail, entry: &Entry) -> bool {
    entry.sequence == tail.sequence + 1 && entry.previous == tail.hash
}

/// Moves the beginning of a line that was never finished to a file of its own. Nobody was told that it was
/// written, and what follows must begin a line.
fn set_aside(
    folder: &AuditFolder,
    number: u64,
    file: &fs::File,
    seen: &Seen,
) -> Result<Body, AuditError> {
    let digest = Digest::of(&seen.fragment).short();
    let name = format!("{}.torn-{digest}", file_name(number));
    let mut options = fs::OpenOptions::new();
    let mut aside = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(folder.path().join(&name))?;
    aside.write_all(&seen.fragment)?;
    aside.sync_all()?;
    file.set_len(seen.end)?;
    Ok(Body::own(
        Level::Security,
        "recovered",
        json!({ "bytes": seen.fragment.len(), "set_aside": name }),
    ))
}

fn damaged(reason: &str, found: Tail, expected: Tail) -> Body {
    let place = |tail: Tail| -> Value { json!({ "sequence": tail.sequence, "hash": tail.hash }) };
    Body::own(
        Level::Security,
        DAMAGED,
        json!({ "reason": reason, "found": place(found), "expected": place(expected) }),
    )
}
