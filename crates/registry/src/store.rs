//! The manifests read so far, in a SQLite file that several processes may use at once.
//!
//! It only saves reading again what has not changed, so nothing is lost with it: a damaged file is set
//! aside and started over, and without a file everything works from memory.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use mycelium_types::Diagnostic;
use mycelium_types::Manifest;
use mycelium_types::Message;
use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OptionalExtension;
use rusqlite::TransactionBehavior;
use rusqlite::params;

use crate::database::DatabaseError;
use crate::database::Tables;
use crate::database::open_database;
use crate::note;
use crate::reading::Reading;
use crate::reading::source_of;
use crate::stamp::Stamp;

/// How many manifests are kept; beyond that the ones written longest ago go.
const MAX_MANIFESTS: i64 = 200_000;
/// How many damaged files are kept for a look at them.
const MAX_SET_ASIDE: usize = 9;

/// A file of an older version is started over, of a newer one left alone.
const TABLES: Tables = Tables {
    version: 1,
    schema: "
    DROP TABLE IF EXISTS manifests;
    CREATE TABLE manifests (
        id INTEGER PRIMARY KEY,
        folder BLOB NOT NULL UNIQUE,
        stamp BLOB NOT NULL,
        manifest TEXT,
        remarks TEXT NOT NULL
    ) STRICT;
",
};

const FIND: &str = "SELECT manifest, remarks FROM manifests WHERE folder = ?1 AND stamp = ?2";

/// The file, as far as it can be used.
pub(crate) struct Store {
    path: PathBuf,
    connection: Option<Connection>,
}

/// Why the file cannot be used as it is.
enum Unusable {
    /// It is damaged, or no database at all.
    Damaged(rusqlite::Error),
    /// A newer version of this program made it.
    Newer,
    /// Anything else: permissions, space, another process that does not let go.
    Unavailable(String),
}

impl Store {
    /// Opens the file, making it if need be. What stands in the way is noted.
    pub(crate) fn open(path: &Path, notes: &mut Vec<Diagnostic>) -> Self {
        let mut store = Self {
            path: path.to_owned(),
            connection: None,
        };
        store.reopen(notes);
        store
    }

    fn reopen(&mut self, notes: &mut Vec<Diagnostic>) {
        self.connection = None;
        let opened = match connect(&self.path) {
            Err(Unusable::Damaged(error)) => {
                self.set_aside(&error, notes);
                connect(&self.path)
            }
            other => other,
        };
        match opened {
            Ok(connection) => self.connection = Some(connection),
            Err(problem) => notes.push(note::warning(&self.path, problem.message())),
        }
    }

    /// What was read from `folder` when its manifest looked like `stamp`.
    pub(crate) fn reading(
        &mut self,
        folder: &Path,
        stamp: &Stamp,
        notes: &mut Vec<Diagnostic>,
    ) -> Option<Reading> {
        let connection = self.connection.as_ref()?;
        match find(connection, folder, stamp) {
            Ok(found) => found,
            Err(error) => {
                if !self.recover(error, notes) {
                    // Every other manifest would fail in the same way.
                    self.connection = None;
                }
                None
            }
        }
    }

    /// Keeps what was read, and forgets folders that are below `roots` no more. Nothing is written if
    /// nothing changes.
    pub(crate) fn update(
        &mut self,
        read: &[(&Path, &Reading)],
        roots: &[&Path],
        is_there: impl Fn(&Path) -> bool,
        notes: &mut Vec<Diagnostic>,
    ) {
        let Some(connection) = self.connection.as_mut() else {
            return;
        };
        if let Err(error) = write(connection, read, roots, is_there) {
            self.recover(error, notes);
        }
    }

    /// Starts a damaged file over, and says whether that was it; everything else is only noted.
    fn recover(&mut self, error: rusqlite::Error, notes: &mut Vec<Diagnostic>) -> bool {
        match Unusable::from(error) {
            Unusable::Damaged(error) => {
                self.connection = None;
                // Another process may have started it over already.
                if let Err(Unusable::Damaged(_)) = connect(&self.path) {
                    self.set_aside(&error, notes);
                }
                self.reopen(notes);
                true
            }
            problem @ (Unusable::Newer | Unusable::Unavailable(_)) => {
                notes.push(note::warning(&self.path, problem.message()));
                false
            }
        }
    }

    /// Renames the file and what belongs to it to `NAME.corrupt-1`, `-2`, … for a person to look at.
    fn set_aside(&self, error: &rusqlite::Error, notes: &mut Vec<Diagnostic>) {
        let aside = (1..=MAX_SET_ASIDE)
            .map(|number| with_suffix(&self.path, &format!(".corrupt-{number}")))
            .find(|aside| fs_err::symlink_metadata(aside).is_err());
        for suffix in ["", "-wal", "-shm"] {
            let file = with_suffix(&self.path, suffix);
            let moved = match &aside {
                Some(aside) => fs_err::rename(&file, with_suffix(aside, suffix)),
                None => fs_err::remove_file(&file),
            };
            if let Err(error) = moved
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "a damaged registry file stays where it is");
            }
        }
        let message = Message::new("registry-set-aside").with("reason", error);
        let file = aside.as_deref().unwrap_or(&self.path);
        notes.push(note::warning(file, message));
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Opens the file and sees that it has our tables.
fn connect(path: &Path) -> Result<Connection, Unusable> {
    let connection = open_database(path, TABLES).map_err(|error| match error {
        DatabaseError::Folder(error) => Unusable::Unavailable(note::system_reason(&error)),
        DatabaseError::Newer => Unusable::Newer,
        DatabaseError::File(error) => error.into(),
    })?;
    // Finds tables that are not ours, and a file that was cut short.
    connection
        .prepare_cached(FIND)?
        .exists(params![[0_u8; 0], [0_u8; 0]])?;
    Ok(connection)
}

fn find(
    connection: &Connection,
    folder: &Path,
    stamp: &Stamp,
) -> rusqlite::Result<Option<Reading>> {
    let row: Option<(Option<String>, String)> = connection
        .prepare_cached(FIND)?
        .query_row(params![key(folder), stamp.bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    // A row that cannot be understood is as good as none: the manifest is read again.
    Ok(row.and_then(|(manifest, remarks)| {
        let manifest: Option<Manifest> = manifest
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .ok()?;
        let remarks: Vec<Diagnostic> = serde_json::from_str(&remarks).ok()?;
        Some(Reading {
            stamp: Some(*stamp),
            source: source_of(folder),
            manifest: manifest.map(Arc::new),
            remarks: remarks.into(),
        })
    }))
}

fn write(
    connection: &mut Connection,
    read: &[(&Path, &Reading)],
    roots: &[&Path],
    is_there: impl Fn(&Path) -> bool,
) -> rusqlite::Result<()> {
    let mut gone: Vec<Vec<u8>> = Vec::new();
    for root in roots {
        let sql = "SELECT folder FROM manifests WHERE folder >= ?1 AND folder < ?2";
        let mut statement = connection.prepare_cached(sql)?;
        // `0` comes right after `/`.
        let from = [key(root), b"/"].concat();
        let to = [key(root), b"0"].concat();
        let mut rows = statement.query(params![from, to])?;
        while let Some(row) = rows.next()? {
            let folder: Vec<u8> = row.get(0)?;
            if !is_there(Path::new(OsStr::from_bytes(&folder))) {
                gone.push(folder);
            }
        }
    }
    if read.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT OR REPLACE INTO manifests (folder, stamp, manifest, remarks)
             VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (folder, reading) in read {
            let Some(stamp) = &reading.stamp else {
                continue;
            };
            let json = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
            let manifest = reading.manifest.as_deref();
            let manifest = manifest.map(serde_json::to_string).transpose();
            let remarks = serde_json::to_string(&*reading.remarks).map_err(json)?;
            insert.execute(params![
                key(folder),
                stamp.bytes(),
                manifest.map_err(json)?,
                remarks
            ])?;
        }
        let mut delete = transaction.prepare_cached("DELETE FROM manifests WHERE folder = ?1")?;
        for folder in gone {
            delete.execute([folder])?;
        }
        // Every write gives a new, greater id, so the smallest are the oldest.
        transaction.execute(
            "DELETE FROM manifests WHERE id <= (SELECT max(id) FROM manifests) - ?1",
            [MAX_MANIFESTS],
        )?;
    }
    transaction.commit()
}

fn key(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        // The version says the tables are ours, and they are not.
        if matches!(error, rusqlite::Error::SqlInputError { .. }) {
            return Self::Damaged(error);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            Some(_) | None => Self::Unavailable(error.to_string()),
        }
    }
}

impl Unusable {
    fn message(&self) -> Message {
        match self {
            Self::Damaged(error) => Message::new("registry-in-memory").with("reason", error),
            Self::Newer => Message::new("registry-newer"),
            Self::Unavailable(reason) => Message::new("registry-in-memory").with("reason", reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A folder with a manifest that was last changed long ago, and what reading it gives.
    fn skill(folder: &Path) -> Reading {
        fs_err::create_dir_all(folder).unwrap();
        let file = folder.join(mycelium_types::SkillFiles::MANIFEST);
        let description = "long ".repeat(20_000);
        let manifest = format!(
            r#"{{"name": "a", "version": "1.0.0", "description": "{description}",
                "entrypoint": "index.js", "exports": ["run"]}}"#
        );
        fs_err::write(&file, manifest).unwrap();
        let file = fs_err::File::options().write(true).open(file).unwrap();
        let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        file.set_modified(long_ago).unwrap();
        Reading::of(folder)
    }

    #[test]
    fn a_full_disk_is_noted_and_the_rest_still_works() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a");
        let reading = skill(&path);
        let stamp = reading.stamp.unwrap();
        let mut notes = Vec::new();
        let mut store = Store::open(&folder.path().join("registry.db"), &mut notes);
        let connection = store.connection.as_ref().unwrap();
        connection
            .query_row("PRAGMA max_page_count = 5", [], |_| Ok(()))
            .unwrap();
        store.update(&[(&path, &reading)], &[], |_| true, &mut notes);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].message.contains("full"), "{notes:?}");
        assert!(store.reading(&path, &stamp, &mut notes).is_none());

        let connection = store.connection.as_ref().unwrap();
        connection
            .query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(()))
            .unwrap();
        store.update(&[(&path, &reading)], &[], |_| true, &mut notes);
        let kept = store.reading(&path, &stamp, &mut notes).unwrap();
        assert_eq!(kept.manifest, reading.manifest);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn a_file_somebody_else_locks_is_not_waited_for_forever() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a");
        let reading = skill(&path);
        let mut notes = Vec::new();
        let mut store = Store::open(&folder.path().join("registry.db"), &mut notes);
        let connection = store.connection.as_ref().unwrap();
        connection.busy_timeout(Duration::from_millis(10)).unwrap();
        let other = Connection::open(folder.path().join("registry.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        store.update(&[(&path, &reading)], &[], |_| true, &mut notes);
        assert_eq!(notes.len(), 1, "{notes:?}");
        other.execute_batch("ROLLBACK").unwrap();
        store.update(&[(&path, &reading)], &[], |_| true, &mut notes);
        let stamp = reading.stamp.unwrap();
        assert!(store.reading(&path, &stamp, &mut notes).is_some());
    }
}
