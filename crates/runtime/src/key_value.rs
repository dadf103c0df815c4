//! What a skill keeps: small values by key, in a file of its own that only the runtime opens.
//!
//! Every instance of a skill has the same file and a connection of its own to it. A commit is one transaction: it checks
//! that what was read is still so, and writes everything or nothing. A damaged file is an error and stays as it is:
//! what a skill keeps is not ours to throw away.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use mycelium_protocol::read_value;
use mycelium_protocol::worker::KvCommit;
use mycelium_protocol::worker::KvCommitted;
use mycelium_protocol::worker::KvFound;
use mycelium_protocol::worker::KvGet;
use mycelium_protocol::worker::KvList;
use mycelium_protocol::worker::KvListed;
use mycelium_protocol::worker::KvWrite;
use mycelium_protocol::worker::MAX_KEPT_VALUE;
use mycelium_protocol::worker::MAX_KEY;
use mycelium_protocol::worker::MAX_LISTED;
use mycelium_protocol::worker::MAX_WRITES;
use mycelium_registry::DatabaseError;
use mycelium_registry::Tables;
use mycelium_registry::open_database;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Limit;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;
use rusqlite::params;
use serde_json::value::RawValue;

/// What an entry counts beside its key and its value, in bytes: about what it takes in the file.
const ENTRY_SIZE: u64 = 64;
/// What a connection keeps in memory, in KiB.
const CACHE: i64 = 256;
/// What is left of the write-ahead log after it was emptied, in bytes.
const LOG_SIZE: i64 = 1 << 20;
/// The size of a page of the file, in bytes.
const PAGE: u64 = 4096;
/// How many pages an empty file may grow to, beside what its entries may take.
const SPARE_PAGES: u64 = 256;

const TABLES: Tables = Tables {
    version: 1,
    schema: "
    CREATE TABLE entries (
        key BLOB PRIMARY KEY,
        value BLOB NOT NULL,
        version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE totals (revision INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
    INSERT INTO totals VALUES (0, 0);
",
};

/// Why something was not read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyValueError {
    /// What was asked for does not fit.
    #[error("{0}")]
    Invalid(String),
    /// There would be more than the skill may keep.
    #[error("the skill keeps more than {0} MB")]
    Full(u64),
    /// The file cannot be opened.
    #[error(transparent)]
    Open(#[from] DatabaseError),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] rusqlite::Error),
}

/// The values of one skill.
#[derive(Debug)]
pub(crate) struct KeyValueStore {
    file: PathBuf,
    limit_mb: u64,
    connection: Mutex<Option<Connection>>,
}

impl KeyValueStore {
    /// The values in `file`, at most `limit_mb` MiB of them. The file is made with the first look at it.
    pub(crate) fn new(file: PathBuf, limit_mb: u64) -> Self {
        Self {
            file,
            limit_mb,
            connection: Mutex::default(),
        }
    }

    /// A value. Blocks.
    pub(crate) fn get(&self, get: &KvGet) -> Result<KvFound, ErrorReport> {
        self.with(|connection| {
            check_key(&get.key)?;
            let mut find =
                connection.prepare_cached("SELECT value, version FROM entries WHERE key = ?1")?;
            let found = find
                .query_row([get.key.as_bytes()], |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            let Some((value, version)) = found else {
                return Ok(KvFound {
                    value: None,
                    version: 0,
                });
            };
            let value = String::from_utf8(value).ok();
            let value = value.and_then(|text| RawValue::from_string(text).ok());
            match value {
                Some(value) => Ok(KvFound {
                    value: Some(value),
                    version: version.unsigned_abs(),
                }),
                // It was checked when it was written.
                None => Err(rusqlite::Error::InvalidQuery.into()),
            }
        })
    }

    /// Keys. Blocks.
    pub(crate) fn list(&self, list: &KvList) -> Result<KvListed, ErrorReport> {
        self.with(|connection| {
            let limit = list.limit.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
            for bound in std::iter::once(&list.prefix).chain(&list.after) {
                if bound.len() > MAX_KEY {
                    return Err(too_long(bound));
                }
            }
            let transaction = connection.transaction()?;
            let (revision, _) = totals(&transaction)?;
            let mut keys: Vec<String> = {
                let mut find = transaction.prepare_cached(
                    "SELECT key FROM entries WHERE key >= ?1 AND (?2 IS NULL OR key < ?2) \
                     AND (?3 IS NULL OR key > ?3) ORDER BY key LIMIT ?4",
                )?;
                let after = list.after.as_ref().map(String::as_bytes);
                let rows = find.query_map(
                    params![
                        list.prefix.as_bytes(),
                        end_of(&list.prefix),
                        after,
                        limit as i64 + 1
                    ],
                    |row| row.get::<_, Vec<u8>>(0),
                )?;
                let texts = rows
                    .map(|key| String::from_utf8(key?).map_err(|_| rusqlite::Error::InvalidQuery));
                texts.collect::<Result<_, _>>()?
            };
            let more = keys.len() > limit;
            keys.truncate(limit);
            Ok(KvListed {
                keys,
                more,
                revision,
            })
        })
    }

    /// Checks and writes, all or nothing. Blocks.
    pub(crate) fn commit(&self, commit: &KvCommit) -> Result<KvCommitted, ErrorReport> {
        let limit_mb = self.limit_mb;
        self.with(|connection| {
            check(commit)?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (revision, before) = totals(&transaction)?;
            let unchanged = commit.revision.is_none_or(|expected| expected == revision)
                && versions_hold(&transaction, commit)?;
            if !unchanged || commit.writes.is_empty() {
                return Ok(KvCommitted {
                    committed: unchanged,
                    revision,
                });
            }
            let revision = revision + 1;
            let mut bytes = before;
            for write in &commit.writes {
                let freed = write_one(&transaction, write, revision)?;
                bytes = bytes.saturating_sub(freed).saturating_add(size_of(write));
            }
            // What is too much already may still become less.
            if bytes > before && bytes > limit_mb.saturating_mul(1 << 20) {
                return Err(KeyValueError::Full(limit_mb));
            }
            transaction
                .prepare_cached("UPDATE totals SET revision = ?1, bytes = ?2")?
                .execute(params![number(revision), number(bytes)])?;
            transaction.commit()?;
            Ok(KvCommitted {
                committed: true,
                revision,
            })
        })
    }

    /// Does something with the connection, which is opened first where that is needed.
    fn with<T>(
        &self,
        action: impl FnOnce(&mut Connection) -> Result<T, KeyValueError>,
    ) -> Result<T, ErrorReport> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *slot {
            Some(connection) => Ok(connection),
            empty => connect(&self.file, self.limit_mb).map(|fresh| empty.insert(fresh)),
        };
        connection
            .and_then(action)
            .map_err(|error| self.report(error))
    }

    fn report(&self, error: KeyValueError) -> ErrorReport {
        match error {
            KeyValueError::Invalid(reason) => {
                ErrorReport::new(ErrorCode::HostCallInvalid).with("reason", reason)
            }
            KeyValueError::Full(limit_mb) => {
                ErrorReport::of_limit(Limit::Data, limit_mb).with("path", self.file.display())
            }
            KeyValueError::File(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) =>
            {
                ErrorReport::of_limit(Limit::Data, self.limit_mb).with("path", self.file.display())
            }
            error @ (KeyValueError::Open(_) | KeyValueError::File(_)) => {
                let reason = mycelium_types::with_causes(&error);
                ErrorReport::new(ErrorCode::StateUnavailable)
                    .with("reason", format!("{}: {reason}", self.file.display()))
            }
        }
    }
}

/// Opens the file and sees that it has our tables.
fn connect(file: &Path, limit_mb: u64) -> Result<Connection, KeyValueError> {
    let connection = open_database(file, TABLES)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_SIZE, |_| Ok(()))?;
    let pages = limit_mb.saturating_mul(2 << 20) / PAGE + SPARE_PAGES;
    connection.pragma_update_and_check(
        None,
        "max_page_count",
        i64::try_from(pages)
            .unwrap_or(i64::MAX)
            .min(i64::from(u32::MAX)),
        |_| Ok(()),
    )?;
    Ok(connection)
}

/// The store's revision, and how many bytes its entries count.
fn totals(transaction: &Transaction<'_>) -> rusqlite::Result<(u64, u64)> {
    transaction
        .prepare_cached("SELECT revision, bytes FROM totals")?
        .query_row([], |row| {
            Ok((
                row.get::<_, i64>(0)?.unsigned_abs(),
                row.get::<_, i64>(1)?.unsigned_abs(),
            ))
        })
}

/// Whether every value that is checked still has its version.
fn versions_hold(transaction: &Transaction<'_>, commit: &KvCommit) -> rusqlite::Result<bool> {
    let mut find = transaction.prepare_cached("SELECT version FROM entries WHERE key = ?1")?;
    for check in &commit.checks {
        let version = find
            .query_row([check.key.as_bytes()], |row| row.get::<_, i64>(0))
            .optional()?;
        if version.unwrap_or(0).unsigned_abs() != check.version {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes one write, and says how many bytes the entry before it counted.
fn write_one(
    transaction: &Transaction<'_>,
    write: &KvWrite,
    revision: u64,
) -> rusqlite::Result<u64> {
    let key = key_of(write).as_bytes();
    let before = transaction
        .prepare_cached("SELECT length(value) FROM entries WHERE key = ?1")?
        .query_row([key], |row| row.get::<_, i64>(0))
        .optional()?;
    match write {
        KvWrite::Set { value, .. } => transaction
            .prepare_cached("INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3)")?
            .execute(params![key, value.get().as_bytes(), number(revision)])?,
        KvWrite::Delete { .. } => transaction
            .prepare_cached("DELETE FROM entries WHERE key = ?1")?
            .execute([key])?,
    };
    let entry = |value: i64| value.unsigned_abs() + key.len() as u64 + ENTRY_SIZE;
    Ok(before.map_or(0, entry))
}

/// How many bytes what is written counts.
fn size_of(write: &KvWrite) -> u64 {
    match write {
        KvWrite::Set { key, value } => (key.len() + value.get().len()) as u64 + ENTRY_SIZE,
        KvWrite::Delete { .. } => 0,
    }
}

fn key_of(write: &KvWrite) -> &str {
    match write {
        KvWrite::Set { key, .. } | KvWrite::Delete { key } => key,
    }
}

/// As the file has numbers. Ours never get so large.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The first bytes after everything that begins with `prefix`. UTF-8 has no byte that is the greatest.
fn end_of(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

fn check(commit: &KvCommit) -> Result<(), KeyValueError> {
    if commit.writes.len().max(commit.checks.len()) > MAX_WRITES {
        return Err(KeyValueError::Invalid(format!(
            "a commit checks and writes at most {MAX_WRITES} values"
        )));
    }
    for check in &commit.checks {
        check_key(&check.key)?;
    }
    for write in &commit.writes {
        check_key(key_of(write))?;
        if let KvWrite::Set { key, value } = write {
            let length = value.get().len();
            if length > MAX_KEPT_VALUE {
                return Err(KeyValueError::Invalid(format!(
                    "the value of `{key}` has {length} bytes of JSON, more than {MAX_KEPT_VALUE}"
                )));
            }
            read_value(value.get())
                .map_err(|reason| KeyValueError::Invalid(format!("`{key}`: {reason}")))?;
        }
    }
    Ok(())
}

fn check_key(key: &str) -> Result<(), KeyValueError> {
    match key.len() {
        0 => Err(KeyValueError::Invalid("a key is empty".to_owned())),
        length if length > MAX_KEY => Err(too_long(key)),
        _ => Ok(()),
    }
}

fn too_long(key: &str) -> KeyValueError {
    let shown: String = key.chars().take(20).collect();
    KeyValueError::Invalid(format!(
        "the key `{shown}…` has {} bytes, more than {MAX_KEY}",
        key.len()
    ))
}

#[cfg(test)]
mod tests;
