//! The end of the log: where entries are appended, by one process at a time.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use crate::AuditError;
use crate::AuditFolder;
use crate::checkpoint;
use crate::checkpoint::Head;
use crate::entry::Body;
use crate::entry::Tail;
use crate::event::Level;
use crate::folder::file_name;
use crate::key::Signer;
use crate::log::AuditSettings;
use crate::receipt::Recorded;
use crate::recovery;
use crate::recovery::End;

/// The kind of a file's first entry, which names the file before.
pub(crate) const OPENED: &str = "opened";
/// The kind of a file's last entry, which names the file that follows.
pub(crate) const CONTINUED: &str = "continued";

/// The end of the log. Another process may have one too: whoever appends holds the lock, and looks first
/// whether the end is still where it was.
pub(crate) struct Chain {
    folder: AuditFolder,
    settings: AuditSettings,
    lock: Arc<File>,
    signer: Arc<Signer>,
    end: End,
}

/// What it takes to make everything that was appended so far durable, without the chain.
pub(crate) struct Commit {
    file: Arc<File>,
    tail: Tail,
    folder: AuditFolder,
    signer: Arc<Signer>,
}

impl Commit {
    /// Puts the entries on disk and then says so in the head record.
    pub(crate) fn run(&self) -> Result<(), AuditError> {
        self.file.sync_data()?;
        Ok(Head::sign(self.tail, &self.signer).publish(&self.folder)?)
    }
}

/// The lock, until it is dropped.
struct Held(Arc<File>);

impl Drop for Held {
    fn drop(&mut self) {
        // The lock goes with the process in any case.
        let _ = self.0.unlock();
    }
}

impl Chain {
    /// Opens the log, or begins one. What a killed process or somebody else left behind is noted in it.
    pub(crate) fn open(settings: &AuditSettings) -> Result<Self, AuditError> {
        let folder = settings.folder.clone();
        folder.make()?;
        let lock = Arc::new(folder.lock_file("lock")?);
        lock.lock()?;
        let _held = Held(Arc::clone(&lock));
        let signer = Arc::new(Signer::load_or_make(&folder.key())?);
        let (end, notes) = recovery::find_end(&folder, &signer, None)?;
        let mut chain = Self {
            folder,
            settings: settings.clone(),
            lock,
            signer,
            end,
        };
        chain.settle(notes)?;
        Ok(chain)
    }

    /// Appends an entry if that needs no waiting: no other process holds the lock or has written since, and no
    /// file is full. An error is treated the same way: the thread that may wait will meet it again.
    pub(crate) fn try_append(&mut self, body: &Body) -> Option<Recorded> {
        self.lock.try_lock().ok()?;
        let _held = Held(Arc::clone(&self.lock));
        if !self.is_current().ok()? || self.is_full() {
            return None;
        }
        self.write(body).ok()
    }

    /// Appends an entry, after whatever the log itself needs first.
    pub(crate) fn append(&mut self, body: &Body) -> Result<Recorded, AuditError> {
        let _held = self.hold()?;
        if self.is_full() {
            self.rotate()?;
        }
        self.write(body)
    }

    /// Whether enough entries were appended since the last checkpoint.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        self.end.since_checkpoint >= self.settings.checkpoint_every
    }

    /// Appends a checkpoint, unless the last entry is one.
    pub(crate) fn checkpoint(&mut self) -> Result<(), AuditError> {
        let _held = self.hold()?;
        self.write_checkpoint()
    }

    /// What makes everything appended so far durable.
    pub(crate) fn commit(&self) -> Commit {
        Commit {
            file: Arc::clone(&self.end.file),
            tail: self.end.tail,
            folder: self.folder.clone(),
            signer: Arc::clone(&self.signer),
        }
    }

    /// Takes the lock, waiting for it, and follows what others wrote meanwhile.
    fn hold(&mut self) -> Result<Held, AuditError> {
        self.lock.lock()?;
        let held = Held(Arc::clone(&self.lock));
        if !self.is_current()? {
            let known = self.end.known();
            let (end, notes) = recovery::find_end(&self.folder, &self.signer, Some(known))?;
            self.end = end;
            self.settle(notes)?;
        }
        Ok(held)
    }

    /// Writes what has to be said about the end that was found.
    fn settle(&mut self, notes: Vec<Body>) -> Result<(), AuditError> {
        if self.end.is_continued {
            self.start_file()?;
        } else if self.end.length == 0 {
            self.write_opened()?;
        }
        for note in notes {
            self.write(&note)?;
        }
        Ok(())
    }

    /// Whether the file ends where this process left it, and is still the one of that name.
    fn is_current(&self) -> Result<bool, AuditError> {
        let file = self.end.file.metadata()?;
        Ok(file.len() == self.end.length && file.nlink() > 0)
    }

    fn is_full(&self) -> bool {
        self.end.length >= self.settings.max_file
    }

    /// Ends the file with a checkpoint and the name of the next, and begins that one.
    fn rotate(&mut self) -> Result<(), AuditError> {
        self.write_checkpoint()?;
        let next = file_name(self.end.number + 1);
        self.write(&Body::own(
            Level::Ordinary,
            CONTINUED,
            json!({ "next": next }),
        ))?;
        // What is committed later commits the new file alone.
        self.end.file.sync_data()?;
        self.start_file()
    }

    fn start_file(&mut self) -> Result<(), AuditError> {
        self.end = recovery::begin_file(&self.folder, self.end.number + 1, self.end.tail)?;
        self.write_opened()
    }

    fn write_opened(&mut self) -> Result<(), AuditError> {
        let previous = match self.end.tail {
            Tail { sequence: 0, .. } => Value::Null,
            Tail { sequence, hash } => json!({
                "file": file_name(self.end.number.saturating_sub(1)),
                "sequence": sequence,
                "hash": hash,
            }),
        };
        let detail = json!({
            "file": file_name(self.end.number),
            "previous": previous,
            "key": self.signer.public(),
            "user": rustix::process::getuid().as_raw(),
            "program": env!("CARGO_PKG_VERSION"),
        });
        self.write(&Body::own(Level::Ordinary, OPENED, detail))?;
        Ok(())
    }

    fn write_checkpoint(&mut self) -> Result<(), AuditError> {
        if self.end.since_checkpoint == 0 {
            return Ok(());
        }
        let detail = checkpoint::checkpoint(self.end.tail, &self.signer);
        self.write(&Body::own(Level::Ordinary, checkpoint::CHECKPOINT, detail))?;
        self.end.since_checkpoint = 0;
        Ok(())
    }

    /// Writes one entry at the end. The lock is held, and the end is where it should be.
    fn write(&mut self, body: &Body) -> Result<Recorded, AuditError> {
        let (line, tail) = body.chained(self.end.tail);
        if let Err(error) = (&*self.end.file).write_all(line.as_bytes()) {
            // Half a line must not stay. If that fails as well, the file is not as long as it should be, and
            // the next one who appends finds that out.
            let _ = self.end.file.set_len(self.end.length);
            return Err(error.into());
        }
        self.end.length += line.len() as u64;
        self.end.tail = tail;
        self.end.since_checkpoint += 1;
        Ok(Recorded {
            sequence: tail.sequence,
            time: body.time,
        })
    }
}
