//! SQLite files that several processes may use at once.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::TransactionBehavior;

/// How long another connection's write is waited for. It takes milliseconds, unless the machine is in trouble; less than a call
/// may take by default, so that its error says what it was.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long until a file is asked again to have readers and a writer side by side.
const PAUSE: Duration = Duration::from_millis(2);

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
        let_readers_beside_a_writer(&connection)?;
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

/// Has the file let readers and one writer work side by side. That stays with it, so it is asked for only once.
///
/// SQLite refuses this at once while another connection asks for the same, whatever the time-out: each would wait for the
/// other to let go of what it reads.
fn let_readers_beside_a_writer(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    const TABLES: Tables = Tables {
        version: 1,
        schema: "CREATE TABLE lines (text TEXT) STRICT;",
    };

    #[test]
    fn many_may_open_a_new_file_at_once() {
        const MANY: usize = 4;
        let folder = tempfile::TempDir::new().unwrap();
        for round in 0..25 {
            let file = folder.path().join(format!("{round}.sqlite3"));
            let start = Barrier::new(MANY);
            std::thread::scope(|scope| {
                for _ in 0..MANY {
                    scope.spawn(|| {
                        start.wait();
                        let connection = open_database(&file, TABLES).unwrap();
                        let add = "INSERT INTO lines VALUES ('one')";
                        connection.execute(add, []).unwrap();
                    });
                }
            });
            let connection = open_database(&file, TABLES).unwrap();
            let count = "SELECT count(*) FROM lines";
            let lines: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
            assert_eq!(lines, MANY as i64);
        }
    }
}
