//! Reading entries as people and programs want them: the latest, and what is added.

use std::io;
use std::io::Read as _;
use std::path::PathBuf;

use fs_err as fs;

use crate::AuditFolder;
use crate::entry::Entry;
use crate::entry::MAX_LINE;
use crate::entry::read;

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// An entry.
    Entry(Box<Entry>),
    /// A line that is none.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
    },
}

/// Reads a log as it grows, from one file to the next.
#[derive(Debug)]
pub struct Follower {
    folder: AuditFolder,
    number: u64,
    file: Option<fs::File>,
    line: u64,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl Follower {
    /// Reads from the beginning of the file with this number.
    #[must_use]
    pub fn from_file(folder: &AuditFolder, number: u64) -> Self {
        Self {
            folder: folder.clone(),
            number,
            file: None,
            line: 0,
            begun: Vec::new(),
        }
    }

    /// Gives `each` all whole lines that were added since the last time.
    ///
    /// # Errors
    /// When a file cannot be read. One that does not exist yet is none.
    pub fn read(&mut self, mut each: impl FnMut(Line)) -> io::Result<()> {
        loop {
            self.read_part(&mut each)?;
            // A file that has a successor is finished, but may have become so after it was read.
            if !self.folder.file(self.number + 1).exists() {
                return Ok(());
            }
            self.read_part(&mut each)?;
            *self = Self::from_file(&self.folder, self.number + 1);
        }
    }

    /// Gives `each` the whole lines that were added to this file alone.
    ///
    /// # Errors
    /// When the file cannot be read. One that does not exist is empty.
    pub fn read_file(&mut self, mut each: impl FnMut(Line)) -> io::Result<()> {
        self.read_part(&mut each)
    }

    fn read_part(&mut self, each: &mut impl FnMut(Line)) -> io::Result<()> {
        let path = self.folder.file(self.number);
        if self.file.is_none() {
            self.file = match fs::File::open(&path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut buffer = vec![0; MAX_LINE];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
                let (text, is_end) = match piece.split_last() {
                    Some((b'\n', text)) => (text, true),
                    Some(_) | None => (piece, false),
                };
                // One byte more than an entry can have is enough to see that it is none.
                let room = (MAX_LINE + 1).saturating_sub(self.begun.len());
                self.begun.extend_from_slice(&text[..text.len().min(room)]);
                if is_end {
                    self.line += 1;
                    each(match read(&self.begun) {
                        Some(entry) => Line::Entry(Box::new(entry)),
                        None => Line::Unreadable {
                            file: path.clone(),
                            line: self.line,
                        },
                    });
                    self.begun.clear();
                }
            }
        }
    }
}
