//! Changes a file that other programs change as well.

use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use fs_err::OpenOptions;
use serde::Serialize;

use crate::ConfigError;
use crate::agents::AgentFile;
use crate::edit::replace;
use crate::reading::read_bounded;

/// The largest file that is changed, in bytes. Claude Code keeps the history of all projects in its file.
const MAX_BYTES: u64 = 64 << 20;
/// How often a file that changes meanwhile is changed anew.
const TRIES: usize = 5;
/// How many earlier contents of one file are kept.
const MAX_BACKUPS: usize = 10;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryOutcome {
    /// The file was made or changed.
    Changed,
    /// It said so already.
    Unchanged,
}

/// What was done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryChange {
    /// What became of the entry.
    pub outcome: EntryOutcome,
    /// What the file had before, if it was there and has been changed.
    pub backup: Option<PathBuf>,
}

/// Replaces what is in `file` by what `edit` makes of it, which gets nothing where there is no file.
pub(super) fn apply(
    file: &AgentFile,
    backups: &Path,
    edit: impl Fn(Option<&str>) -> Result<String, ConfigError>,
) -> Result<EntryChange, ConfigError> {
    let unwritable = |source| ConfigError::Unwritable {
        file: file.path.clone(),
        source,
    };
    fs_err::create_dir_all(backups).map_err(unwritable)?;
    // Two of this program take turns. Agents know nothing of the lock: for them the file is compared.
    let lock = (OpenOptions::new().write(true).create(true).truncate(false))
        .open(backups.join("lock"))
        .map_err(unwritable)?;
    lock.file().lock().map_err(unwritable)?;
    for _ in 0..TRIES {
        let before = read(&file.path)?;
        let after = edit(before.as_deref())?;
        if after == before.as_deref().unwrap_or_default() {
            return Ok(EntryChange {
                outcome: EntryOutcome::Unchanged,
                backup: None,
            });
        }
        let backup = match &before {
            Some(text) => Some(keep(file, backups, text).map_err(unwritable)?),
            None => None,
        };
        if read(&file.path)? == before {
            replace(&file.path, &after).map_err(unwritable)?;
            return Ok(EntryChange {
                outcome: EntryOutcome::Changed,
                backup,
            });
        }
    }
    Err(unwritable(io::Error::other(
        "another program changes it all the time",
    )))
}

/// The file's text, if there is a file.
pub(super) fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let Some(bytes) = read_bounded(path, MAX_BYTES).map_err(unreadable)? else {
        return Ok(None);
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    let text = String::from_utf8(bytes);
    text.map(Some)
        .map_err(|problem| unreadable(io::Error::new(io::ErrorKind::InvalidData, problem)))
}

/// Keeps what a file had. It may hold secrets of other servers: nobody else can read it.
fn keep(file: &AgentFile, backups: &Path, text: &str) -> io::Result<PathBuf> {
    let kind = format!("{}-{}-", file.client, file.scope);
    let mut earlier: Vec<_> = (fs_err::read_dir(backups)?)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(&kind))
        .collect();
    // Names have the time in them, in as many digits for the next centuries.
    earlier.sort_unstable();
    let surplus = (earlier.len() + 1).saturating_sub(MAX_BACKUPS);
    for name in earlier.drain(..surplus) {
        fs_err::remove_file(backups.join(name))?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_micros());
    let path = backups.join(format!("{kind}{now}"));
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut kept = (options.write(true).create_new(true)).open(&path)?;
    kept.write_all(text.as_bytes())?;
    kept.sync_all()?;
    Ok(path)
}
