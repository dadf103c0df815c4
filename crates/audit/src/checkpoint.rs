//! Signed statements of where the chain was: entries of the log, and the head record beside it.

use std::io;
use std::io::Read as _;
use std::io::Write as _;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use mycelium_types::Digest;
use mycelium_types::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::AuditFolder;
use crate::entry::Entry;
use crate::entry::Tail;
use crate::key::PublicKey;
use crate::key::Signer;

/// The kind of a checkpoint's entry.
pub(crate) const CHECKPOINT: &str = "checkpoint";
const MAX_FILE: u64 = 4096;

/// What a checkpoint signs: the entry it follows, and so everything before.
fn checkpoint_message(tail: Tail) -> String {
    format!(
        "mycelium audit checkpoint\n{}\n{}\n",
        tail.sequence, tail.hash
    )
}

/// The details of the checkpoint that follows `tail`.
pub(crate) fn checkpoint(tail: Tail, signer: &Signer) -> Value {
    json!({
        "key": signer.public(),
        "signature": signer.sign(&checkpoint_message(tail)),
    })
}

/// Whether a checkpoint's entry is signed by one of `keys`.
pub(crate) fn is_signed(entry: &Entry, keys: &[PublicKey]) -> bool {
    let Some(signature) = entry.detail.get("signature").and_then(Value::as_str) else {
        return false;
    };
    let message = checkpoint_message(Tail {
        sequence: entry.sequence.saturating_sub(1),
        hash: entry.previous,
    });
    keys.iter().any(|key| key.verifies(&message, signature))
}

/// The head record: a signed statement of how far the log reached when it was last put on disk, in a file of its
/// own. It is what a log that was cut off at its end is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The number of the last entry on disk.
    pub(crate) sequence: u64,
    /// Its hash.
    pub(crate) hash: Digest,
    /// When that was.
    time: Timestamp,
    /// The key that signed it.
    key: PublicKey,
    /// The signature, in base 16.
    signature: String,
}

impl Head {
    pub(crate) fn sign(tail: Tail, signer: &Signer) -> Self {
        let time = Timestamp::now();
        Self {
            sequence: tail.sequence,
            hash: tail.hash,
            time,
            key: signer.public(),
            signature: signer.sign(&head_message(tail, time)),
        }
    }

    pub(crate) fn tail(&self) -> Tail {
        Tail {
            sequence: self.sequence,
            hash: self.hash,
        }
    }

    /// Whether one of `keys` signed it.
    pub(crate) fn is_signed(&self, keys: &[PublicKey]) -> bool {
        let message = head_message(self.tail(), self.time);
        keys.iter()
            .any(|key| key.verifies(&message, &self.signature))
    }

    /// The head record of a log. `None` if there is no such file, an error too if it is not readable as one.
    pub(crate) fn read(folder: &AuditFolder) -> io::Result<Option<Self>> {
        let file = match fs::File::open(folder.head()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut text)?;
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            let reason = format!("{}: {error}", folder.head().display());
            io::Error::new(io::ErrorKind::InvalidData, reason)
        })
    }

    /// Replaces the head record, unless there already is one of a later entry.
    ///
    /// Two processes may have put entries on disk; a lock of its own keeps the later one, without making
    /// anybody wait who only appends.
    pub(crate) fn publish(&self, folder: &AuditFolder) -> io::Result<()> {
        let lock = folder.lock_file("head.lock")?;
        lock.lock()?;
        if let Ok(Some(there)) = Self::read(folder)
            && there.sequence > self.sequence
        {
            return Ok(());
        }
        self.replace(folder)
    }

    fn replace(&self, folder: &AuditFolder) -> io::Result<()> {
        let path = folder.head();
        let temporary = path.with_extension("json.new");
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        // A name that leads to nothing after a power failure would look like tampering.
        file.sync_data()?;
        fs::rename(temporary, path)
    }
}

fn head_message(tail: Tail, time: Timestamp) -> String {
    format!(
        "mycelium audit head\n{}\n{}\n{time}\n",
        tail.sequence, tail.hash
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_head_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = AuditFolder::below(folder.path());
        folder.make().unwrap();
        let signer = Signer::load_or_make(&folder.key()).unwrap();
        assert_eq!(Head::read(&folder).unwrap(), None);
        let head = |sequence| {
            let hash = Digest::of(b"x");
            Head::sign(Tail { sequence, hash }, &signer)
        };
        for sequence in [5, 3, 7] {
            head(sequence).publish(&folder).unwrap();
        }
        let there = Head::read(&folder).unwrap().unwrap();
        assert_eq!(there.sequence, 7);
        assert!(there.is_signed(&[signer.public()]));
        let moved = Head {
            sequence: 6,
            ..there
        };
        assert!(!moved.is_signed(&[signer.public()]));
        fs::write(folder.head(), "{").unwrap();
        assert!(Head::read(&folder).is_err());
    }
}
