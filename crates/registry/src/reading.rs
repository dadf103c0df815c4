//! Reads the manifests of candidates.

use std::io;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use mycelium_types::Diagnostic;
use mycelium_types::Manifest;
use mycelium_types::Message;
use mycelium_types::Severity;

use crate::file;
use crate::note;
use crate::stamp::Stamp;
use crate::walk::MANIFEST;

/// What reading a folder's `skill.json` gave.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// What the file looked like when it was read; absent if the result is not to be kept.
    pub(crate) stamp: Option<Stamp>,
    /// The manifest, if it is valid.
    pub(crate) manifest: Option<Arc<Manifest>>,
    /// Everything there is to say about it.
    pub(crate) remarks: Arc<[Diagnostic]>,
}

impl Reading {
    /// Reads the manifest of `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        let path = folder.join(MANIFEST);
        let unreadable = |message| Self {
            stamp: None,
            manifest: None,
            remarks: [note::error(&path, message)].into(),
        };
        let Some(name) = path.to_str() else {
            return unreadable(Message::new("folder-not-utf8"));
        };
        match leads_out(folder, &path) {
            Ok(false) => {}
            Ok(true) => return unreadable(Message::new("manifest-link-leaves")),
            Err(error) => return unreadable(cannot_read(&error)),
        }
        match read(&path) {
            Ok((bytes, stamp)) => {
                let reading = Manifest::read(&bytes, name);
                Self {
                    stamp,
                    manifest: reading.manifest.map(Arc::new),
                    remarks: reading.diagnostics.into(),
                }
            }
            Err(error) => unreadable(cannot_read(&error)),
        }
    }

    /// How many of the remarks are errors.
    pub(crate) fn errors(&self) -> usize {
        let errors = self.remarks.iter();
        errors.filter(|r| r.severity == Severity::Error).count()
    }
}

fn cannot_read(error: &io::Error) -> Message {
    Message::new("manifest-unreadable").with("reason", note::system_reason(error))
}

/// Whether `skill.json` is a link to somewhere outside the skill's folder.
fn leads_out(folder: &Path, path: &Path) -> io::Result<bool> {
    if !fs_err::symlink_metadata(path)?.is_symlink() {
        return Ok(false);
    }
    let target = fs_err::canonicalize(path)?;
    Ok(!target.starts_with(fs_err::canonicalize(folder)?))
}

/// Reads one byte more than a manifest may have, so that the reader can tell that it is too large.
fn read(path: &Path) -> io::Result<(Vec<u8>, Option<Stamp>)> {
    let now = SystemTime::now();
    let (file, metadata) = file::open(path)?;
    let stamp = Stamp::of(&metadata);
    let mut bytes = Vec::new();
    file.take(Manifest::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes, stamp.is_settled_at(now).then_some(stamp)))
}
