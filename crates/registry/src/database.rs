//! SQLite files that several processes may use at once.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::TransactionBehavior;

/// How long another process's write is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The tables of a file.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// Their version, from 1 on.
    pub version: i64,
    /// Makes them, in an empty file or one of an older version.
    pub schema: &'static str,
}

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Its folder cannot be made.
    #[error("its folder cannot be made")]
    Folder(#[source] io::Error),
    /// A newer version of this program made it.
    #[error("a newer version of this program made it")]
    Newer,
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] rusqlite::Error),
}

/// Opens `file` and sees that it has the tables. What is missing of it and the folders above is made, for its owner only.
///
/// A commit that a power failure undoes is undone as a whole, and after it every later one.
///
/// # Errors
/// When the file cannot be used, or is of a newer version.
pub fn open_database(file: &Path, tables: Tables) -> Result<Connection, DatabaseError> {
    if let Some(folder) = file.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder).map_err(DatabaseError::Folder)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let version = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    if version(&connection)? < tables.version {
        // Readers and one writer side by side; stays with the file, so it is asked for only once.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have made the tables while this one waited.
        if version(&transaction)? < tables.version {
            transaction.execute_batch(tables.schema)?;
            transaction.pragma_update(None, "user_version", tables.version)?;
        }
        transaction.commit()?;
    }
    if version(&connection)? > tables.version {
        return Err(DatabaseError::Newer);
    }
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
}
