//! The circuit breaker: a skill that keeps failing is left alone for a while.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;

use crate::atomic_file;
use crate::soon::LateFile;
use crate::soon::Soon;

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BreakerRules {
    /// Failures in a row that open it.
    pub(crate) threshold: u32,
    /// Time until it lets one call through.
    pub(crate) reset: Duration,
}

/// Whose breaker it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BreakerKey {
    pub(crate) workspace: PathBuf,
    pub(crate) session: String,
    pub(crate) skill: SkillName,
}

/// How a breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BreakerState {
    Closed,
    Open { seconds: u64 },
    HalfOpen,
}

impl BreakerState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// What recording an outcome did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    Unchanged,
    Opened { failures: u32 },
}

/// How often a call failed is not worth waiting for a disk.
pub(crate) const FILE: LateFile = LateFile {
    delay: Duration::from_secs(1),
    soon: |inner| &inner.breakers.soon,
    save: |inner| inner.breakers.save(),
};

/// All breakers, kept in one file so that they survive a restart. Only [`Breakers::read`] and
/// [`Breakers::save`] touch the file.
///
/// Times are wall-clock seconds since 1970: a monotonic clock means nothing after a restart. A clock
/// that is set forward or back lets the next call through early.
pub(crate) struct Breakers {
    file: PathBuf,
    table: Mutex<Option<Table>>,
    is_changed: AtomicBool,
    soon: Soon,
    /// Held while the file is written, so that an older table never follows a newer one.
    writing: Mutex<()>,
}

type Table = BTreeMap<String, Entry>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Entry {
    failures: u32,
    opened_at: Option<u64>,
    /// A call was let through and has not come back; not kept across restarts.
    #[serde(skip)]
    probing: bool,
}

impl Breakers {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            table: Mutex::new(None),
            is_changed: AtomicBool::new(false),
            soon: Soon::default(),
            writing: Mutex::new(()),
        }
    }

    /// Whether the file has been read.
    pub(crate) fn is_read(&self) -> bool {
        self.lock().is_some()
    }

    /// Reads the file, once. It blocks. A broken file is an empty table: breakers only protect against
    /// failing twice.
    pub(crate) fn read(&self) {
        self.lock().get_or_insert_with(|| {
            fs_err::read(&self.file)
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default()
        });
    }

    /// Whether something has changed since the file was written.
    pub(crate) fn is_changed(&self) -> bool {
        self.is_changed.load(Ordering::Acquire)
    }

    /// Writes the file. It blocks.
    pub(crate) fn save(&self) {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_changed.swap(false, Ordering::AcqRel) {
            return;
        }
        let table = self.lock().clone().unwrap_or_default();
        let kept = serde_json::to_vec_pretty(&table).unwrap_or_default();
        if let Err(error) = atomic_file::replace(&self.file, &kept) {
            tracing::warn!(%error, "breakers cannot be kept and will be forgotten at the next start");
        }
    }

    /// Lets a call through, or refuses it.
    pub(crate) fn admit<'a>(
        &'a self,
        key: &'a BreakerKey,
        rules: BreakerRules,
    ) -> Result<Permit<'a>, ErrorReport> {
        let permit = Permit {
            breakers: self,
            key,
            rules,
        };
        let mut guard = self.lock();
        let Some(entry) = table(&mut guard).get_mut(&key.text()) else {
            return Ok(permit);
        };
        let refused = match entry.state(rules, now()) {
            BreakerState::Closed => None,
            BreakerState::HalfOpen if !entry.probing => {
                entry.probing = true;
                None
            }
            BreakerState::HalfOpen => Some(1),
            BreakerState::Open { seconds } => Some(seconds),
        };
        drop(guard);
        match refused {
            None => Ok(permit),
            Some(seconds) => {
                // Nothing was let through, so there is nothing to give back.
                std::mem::forget(permit);
                Err(refusal(key, seconds))
            }
        }
    }

    /// Another call may be the one that a half-open breaker lets through.
    fn give_back(&self, key: &BreakerKey) {
        if let Some(entry) = table(&mut self.lock()).get_mut(&key.text()) {
            entry.probing = false;
        }
    }

    fn record(
        &self,
        key: &BreakerKey,
        rules: BreakerRules,
        failure: Option<&ErrorReport>,
    ) -> Recorded {
        let mut guard = self.lock();
        let table = table(&mut guard);
        let name = key.text();
        let failed = failure.is_some_and(|error| error.code.counts_as_failure());
        if !failed {
            // A refusal by policy or a bad argument says nothing about the skill's health.
            match (failure, table.get_mut(&name)) {
                (None, Some(_)) => {
                    table.remove(&name);
                    self.is_changed.store(true, Ordering::Release);
                }
                (Some(_), Some(entry)) => entry.probing = false,
                (_, None) => {}
            }
            return Recorded::Unchanged;
        }
        let entry = table.entry(name).or_default();
        entry.failures = entry.failures.saturating_add(1);
        entry.probing = false;
        let failures = entry.failures;
        let opened = failures >= rules.threshold;
        if opened {
            entry.opened_at = Some(now());
        }
        self.is_changed.store(true, Ordering::Release);
        if opened {
            Recorded::Opened { failures }
        } else {
            Recorded::Unchanged
        }
    }

    /// Closes a breaker. Returns whether there was anything to forget.
    pub(crate) fn reset(&self, key: &BreakerKey) -> bool {
        let removed = table(&mut self.lock()).remove(&key.text()).is_some();
        if removed {
            self.is_changed.store(true, Ordering::Release);
        }
        removed
    }

    pub(crate) fn state(&self, key: &BreakerKey, rules: BreakerRules) -> BreakerState {
        table(&mut self.lock())
            .get(&key.text())
            .map_or(BreakerState::Closed, |entry| entry.state(rules, now()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Table>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn table(table: &mut Option<Table>) -> &mut Table {
    table.get_or_insert_default()
}

/// Leave to make one call. Dropped without an outcome, when the caller went away, it is given back.
pub(crate) struct Permit<'a> {
    breakers: &'a Breakers,
    key: &'a BreakerKey,
    rules: BreakerRules,
}

impl Permit<'_> {
    /// Notes how the call ended.
    pub(crate) fn record(self, failure: Option<&ErrorReport>) -> Recorded {
        self.breakers.record(self.key, self.rules, failure)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breakers.give_back(self.key);
    }
}

impl Entry {
    fn state(&self, rules: BreakerRules, now: u64) -> BreakerState {
        let Some(opened_at) = self.opened_at else {
            return BreakerState::Closed;
        };
        // A clock that was set back tells nothing: the next call finds out.
        let Some(waited) = now.checked_sub(opened_at) else {
            return BreakerState::HalfOpen;
        };
        match rules.reset.as_secs().checked_sub(waited) {
            None | Some(0) => BreakerState::HalfOpen,
            Some(seconds) => BreakerState::Open { seconds },
        }
    }
}

impl BreakerKey {
    fn text(&self) -> String {
        format!(
            "{} {} {}",
            self.skill,
            self.session,
            self.workspace.display()
        )
    }
}

fn refusal(key: &BreakerKey, seconds: u64) -> ErrorReport {
    ErrorReport::new(ErrorCode::CircuitBreakerOpen)
        .with("skill", &key.skill)
        .with("seconds", seconds)
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BreakerRules = BreakerRules {
        threshold: 2,
        reset: Duration::from_secs(60),
    };

    fn key() -> BreakerKey {
        BreakerKey {
            workspace: "/w".into(),
            session: "shell".to_owned(),
            skill: "demo".parse().unwrap(),
        }
    }

    fn failure() -> ErrorReport {
        ErrorReport::new(ErrorCode::SkillExecutionError).with("reason", "x")
    }

    #[test]
    fn opens_after_failures_in_a_row_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("breakers.json");
        let breakers = Breakers::new(file.clone());
        assert_eq!(
            breakers.record(&key(), RULES, Some(&failure())),
            Recorded::Unchanged
        );
        breakers.record(&key(), RULES, None);
        breakers.record(&key(), RULES, Some(&failure()));
        assert!(breakers.admit(&key(), RULES).is_ok());
        assert_eq!(
            breakers.record(&key(), RULES, Some(&failure())),
            Recorded::Opened { failures: 2 }
        );
        assert!(breakers.is_changed());
        breakers.save();
        assert!(!breakers.is_changed());
        let again = Breakers::new(file);
        assert!(!again.is_read());
        again.read();
        let refused = again.admit(&key(), RULES).err().unwrap();
        assert_eq!(refused.code, ErrorCode::CircuitBreakerOpen);
        assert!(again.reset(&key()));
        assert!(again.admit(&key(), RULES).is_ok());
    }

    #[test]
    fn lets_one_call_through_when_half_open() {
        let folder = tempfile::tempdir().unwrap();
        let breakers = Breakers::new(folder.path().join("breakers.json"));
        let rules = BreakerRules {
            threshold: 1,
            reset: Duration::ZERO,
        };
        breakers.record(&key(), rules, Some(&failure()));
        assert_eq!(breakers.state(&key(), rules), BreakerState::HalfOpen);
        let key = key();
        let abandoned = breakers.admit(&key, rules).unwrap();
        assert!(breakers.admit(&key, rules).is_err());
        drop(abandoned);
        let permit = breakers.admit(&key, rules).unwrap();
        permit.record(None);
        assert_eq!(breakers.state(&key, rules), BreakerState::Closed);
    }

    #[test]
    fn refusals_by_policy_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let breakers = Breakers::new(folder.path().join("breakers.json"));
        let denied = ErrorReport::new(ErrorCode::SecurityViolation);
        for _ in 0..5 {
            breakers.record(&key(), RULES, Some(&denied));
        }
        assert!(breakers.admit(&key(), RULES).is_ok());
    }
}
