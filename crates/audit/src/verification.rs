//! Verification: every entry of every file, its hash, its place, the checkpoints, the head record.

use std::fmt;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::PathBuf;
use std::str::FromStr;

use fs_err as fs;
use mycelium_types::Digest;
use serde::Serialize;

use crate::AuditError;
use crate::AuditFolder;
use crate::chain::CONTINUED;
use crate::chain::OPENED;
use crate::checkpoint;
use crate::checkpoint::CHECKPOINT;
use crate::checkpoint::Head;
use crate::entry::Entry;
use crate::entry::MAX_LINE;
use crate::entry::Tail;
use crate::entry::Unsealed;
use crate::entry::unseal;
use crate::folder::file_name;
use crate::key::PublicKey;
use crate::key::Signer;
use crate::recovery::DAMAGED;

/// An entry whose number and hash were noted elsewhere, written `SEQUENCE:HASH`: a log that still has it was
/// not replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// The entry's number.
    pub sequence: u64,
    /// The entry's hash.
    pub hash: Digest,
}

/// The text is no anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry is named by its number and hash, NUMBER:HASH")]
pub struct InvalidAnchor;

impl FromStr for Anchor {
    type Err = InvalidAnchor;

    fn from_str(text: &str) -> Result<Self, InvalidAnchor> {
        let (sequence, hash) = text.split_once(':').ok_or(InvalidAnchor)?;
        Ok(Self {
            sequence: sequence.parse().map_err(|_| InvalidAnchor)?,
            hash: hash.parse().map_err(|_| InvalidAnchor)?,
        })
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

/// A place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The number of the entry that is or should be there.
    pub sequence: u64,
}

/// What is wrong at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// The line is no entry.
    Malformed,
    /// The entry's content does not have the entry's hash.
    Edited,
    /// The entry is not the one that the next entry, in this place, follows.
    Replaced,
    /// The entry is missing here and nowhere else in the file.
    Removed {
        /// The number of the entry that is there instead.
        found: u64,
    },
    /// The entry is missing here and is found at a later place.
    Reordered {
        /// The number of the entry that is there instead.
        found: u64,
    },
    /// The entry has the number of an entry before.
    Inserted {
        /// The number it has.
        found: u64,
    },
    /// The checkpoint is not signed by a key of this log: something before it was written anew.
    Forged,
    /// The log ends before this entry, which the head record says was on disk.
    Truncated {
        /// The number of the last entry that was on disk.
        last: u64,
    },
    /// The file's first or last entry does not name its neighbour.
    Unlinked,
    /// A file of the log is missing.
    FileMissing,
    /// There is no head record.
    HeadMissing,
    /// The head record is broken or not signed by a key of this log.
    HeadForged,
    /// The writer itself noted here that it found the log changed.
    Noted,
    /// The entry that was noted elsewhere is not in the log.
    AnchorMissing,
}

/// What came of verifying a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Files read.
    pub files: u64,
    /// Entries that are good, up to the first that is not.
    pub entries: u64,
    /// The last good entry.
    pub last: Option<Anchor>,
    /// How far the head record says the log reaches.
    pub head: Option<u64>,
    /// The keys whose signatures were accepted.
    pub keys: Vec<PublicKey>,
    /// Bytes of a line at the end that is not finished: an entry being written, or one that nobody was told is
    /// written.
    pub unfinished: u64,
    /// The first thing that is wrong.
    pub problem: Option<(Place, Finding)>,
}

/// Verifies a log. Signatures count if they are of one of `keys`, or, if there are none, of the log's own key.
///
/// # Errors
/// When a file cannot be read, or there is no key to check signatures with. Whatever is wrong with the log
/// is no error but the outcome.
pub fn verify(
    folder: &AuditFolder,
    keys: &[PublicKey],
    anchor: Option<Anchor>,
) -> Result<Verification, AuditError> {
    // The head first: a log that is written to meanwhile only gets longer.
    let head = match Head::read(folder) {
        Ok(head) => Ok(head),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Finding::HeadForged),
        Err(error) => return Err(error.into()),
    };
    let numbers = folder.numbers()?;
    let keys = match keys {
        [] => Signer::load(&folder.key())?
            .iter()
            .map(Signer::public)
            .collect(),
        keys => keys.to_vec(),
    };
    let mut walk = Walk {
        folder,
        head: head.as_ref().ok().and_then(Option::as_ref).map(Head::tail),
        anchor,
        tail: Tail::empty(),
        files: 0,
        unfinished: 0,
        keys,
    };
    let problem = match walk.all(&numbers) {
        Ok(()) => walk.at_the_end(head, numbers.last().copied()),
        Err(Stop::Problem(place, finding)) => Some((place, finding)),
        Err(Stop::Error(error)) => return Err(error.into()),
    };
    Ok(Verification {
        files: walk.files,
        entries: walk.tail.sequence,
        last: (walk.tail.sequence > 0).then_some(Anchor {
            sequence: walk.tail.sequence,
            hash: walk.tail.hash,
        }),
        head: walk.head.map(|head| head.sequence),
        keys: walk.keys,
        unfinished: walk.unfinished,
        problem,
    })
}

enum Stop {
    Problem(Place, Finding),
    Error(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Error(error)
    }
}

/// The walk through the log: what is known of the entries so far.
struct Walk<'a> {
    folder: &'a AuditFolder,
    keys: Vec<PublicKey>,
    head: Option<Tail>,
    anchor: Option<Anchor>,
    tail: Tail,
    files: u64,
    unfinished: u64,
}

impl Walk<'_> {
    fn all(&mut self, numbers: &[u64]) -> Result<(), Stop> {
        let mut last_kind: Option<String> = None;
        for (number, expected) in numbers.iter().zip(1..) {
            if *number != expected {
                return Err(self.problem(expected, 0, Finding::FileMissing));
            }
            let is_named = last_kind.is_none_or(|kind| kind == CONTINUED) && self.unfinished == 0;
            last_kind = self.file(*number, is_named)?;
            self.files += 1;
        }
        Ok(())
    }

    /// Verifies one file, which the file before names or not; gives the kind of its last entry.
    fn file(&mut self, number: u64, is_named: bool) -> Result<Option<String>, Stop> {
        let mut lines = Lines::open(self.folder, number)?;
        let mut kind = None;
        while let Some(line) = lines.next()? {
            if !line.is_whole {
                self.unfinished = line.content.len() as u64;
                break;
            }
            let entry = self.entry(number, &line)?;
            if line.number == 1 && !(is_named && opens(&entry, number, self.tail)) {
                return Err(self.problem(number, 1, Finding::Unlinked));
            }
            self.tail = Tail {
                sequence: entry.sequence,
                hash: entry.hash,
            };
            kind = Some(entry.kind);
        }
        Ok(kind)
    }

    fn entry(&self, number: u64, line: &NumberedLine) -> Result<Entry, Stop> {
        let expected = self.tail.sequence + 1;
        let problem = |finding| self.problem(number, line.number, finding);
        let entry = match unseal(&line.content) {
            Ok(entry) => entry,
            Err(Unsealed::Malformed) => return Err(problem(Finding::Malformed)),
            Err(Unsealed::Changed { .. }) => return Err(problem(Finding::Edited)),
        };
        let found = entry.sequence;
        if found > expected {
            return Err(match self.is_later(number, line.number, expected)? {
                true => problem(Finding::Reordered { found }),
                false => problem(Finding::Removed { found }),
            });
        }
        if found < expected {
            return Err(problem(Finding::Inserted { found }));
        }
        if entry.previous != self.tail.hash {
            // The one before has a hash of its own that fits, so it was written anew as a whole.
            let place = Place {
                file: self.folder.file(number),
                line: line.number.saturating_sub(1),
                sequence: self.tail.sequence,
            };
            return Err(Stop::Problem(place, Finding::Replaced));
        }
        let is_other = |tail: Tail| found == tail.sequence && entry.hash != tail.hash;
        let anchor = self
            .anchor
            .map(|Anchor { sequence, hash }| Tail { sequence, hash });
        if self.head.is_some_and(is_other) || anchor.is_some_and(is_other) {
            return Err(problem(Finding::Replaced));
        }
        match entry.kind.as_str() {
            CHECKPOINT if !checkpoint::is_signed(&entry, &self.keys) => {
                Err(problem(Finding::Forged))
            }
            DAMAGED => Err(problem(Finding::Noted)),
            _ => Ok(entry),
        }
    }

    /// Whether an entry comes later in the file than it should.
    fn is_later(&self, number: u64, after: u64, sequence: u64) -> Result<bool, Stop> {
        let mut lines = Lines::open(self.folder, number)?;
        while let Some(line) = lines.next()? {
            if line.number > after
                && unseal(&line.content).is_ok_and(|entry| entry.sequence == sequence)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn problem(&self, number: u64, line: u64, finding: Finding) -> Stop {
        let place = Place {
            file: self.folder.file(number),
            line,
            sequence: self.tail.sequence + 1,
        };
        Stop::Problem(place, finding)
    }

    /// What can only be said when all entries are good: whether any is missing behind them.
    fn at_the_end(
        &self,
        head: Result<Option<Head>, Finding>,
        last: Option<u64>,
    ) -> Option<(Place, Finding)> {
        let end = |finding| {
            let place = Place {
                file: self.folder.file(last.unwrap_or(1)),
                line: 0,
                sequence: self.tail.sequence + 1,
            };
            Some((place, finding))
        };
        let of_head = |finding| {
            let place = Place {
                file: self.folder.head(),
                line: 0,
                sequence: self.tail.sequence,
            };
            Some((place, finding))
        };
        let head = match head {
            Err(finding) => return of_head(finding),
            Ok(None) if last.is_none() && self.anchor.is_none() => return None,
            Ok(None) => return of_head(Finding::HeadMissing),
            Ok(Some(head)) => head,
        };
        if !head.is_signed(&self.keys) {
            return of_head(Finding::HeadForged);
        }
        if head.sequence > self.tail.sequence {
            return end(Finding::Truncated {
                last: head.sequence,
            });
        }
        match self.anchor {
            Some(anchor) if anchor.sequence > self.tail.sequence => end(Finding::AnchorMissing),
            Some(_) | None => None,
        }
    }
}

/// Whether a file's first entry names the file and the entry before.
fn opens(entry: &Entry, number: u64, before: Tail) -> bool {
    let previous = &entry.detail["previous"];
    let follows = match before.sequence {
        0 => previous.is_null(),
        sequence => {
            previous["file"] == file_name(number.saturating_sub(1)).as_str()
                && previous["sequence"] == sequence
                && previous["hash"] == before.hash.to_string().as_str()
        }
    };
    entry.kind == OPENED && entry.detail["file"] == file_name(number).as_str() && follows
}

/// The lines of one file, none longer than an entry can be.
struct Lines {
    file: BufReader<fs::File>,
    number: u64,
}

struct NumberedLine {
    number: u64,
    content: Vec<u8>,
    is_whole: bool,
}

impl Lines {
    fn open(folder: &AuditFolder, number: u64) -> io::Result<Self> {
        Ok(Self {
            file: BufReader::with_capacity(MAX_LINE, fs::File::open(folder.file(number))?),
            number: 0,
        })
    }

    /// The next line without its line break. A longer one comes in pieces, none of which is an entry.
    fn next(&mut self) -> io::Result<Option<NumberedLine>> {
        use std::io::Read as _;

        let mut content = Vec::new();
        let most = MAX_LINE as u64;
        if self
            .file
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut content)?
            == 0
        {
            return Ok(None);
        }
        self.number += 1;
        let is_whole = content.last() == Some(&b'\n');
        let is_too_long = content.len() as u64 == most && !is_whole;
        if is_whole {
            content.pop();
        }
        Ok(Some(NumberedLine {
            number: self.number,
            content,
            is_whole: is_whole || is_too_long,
        }))
    }
}
