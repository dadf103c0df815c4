//! Seeing what a worker tries: seccomp's user notification, for diagnosis, and for what the worker may not make itself.
//!
//! A worker's filter tells the supervisor of some system calls before the kernel makes them. The supervisor
//! notes which path or address each is about and lets it go on; whether it succeeds is decided by the
//! mounts and Landlock, as if nobody had looked. (The worker can change the path behind the supervisor's
//! back, so what was noted proves nothing.) Calls that are refused in any case are refused by the supervisor,
//! and when that is gone, by the kernel.
//!
//! One thread answers and never waits for a worker: it reads memory and sends answers, nothing else. What was
//! noted is judged by a second thread, which may look at the host's files. Two others do the same for workers that come after
//! others, which may keep them busy without end. Calls that would make something in a folder of the
//! host are answered by a thread of the worker's own, which makes it.

mod creation;
mod destination;
mod entrance;
mod judge;
mod maker;
mod service;
mod spot;
mod subject;

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use mycelium_policy::MAX_OBSERVED;
use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;

pub(crate) use entrance::Entrances;
pub(crate) use service::AttemptService;

use crate::Precedence;
use crate::WorkerKind;
use crate::filter::EMBEDDED;
use crate::filter::Filter;
use crate::filter::PROGRAM;

/// Attempts of one worker that is not observed that are kept until they are asked for. What comes on top is counted.
const MAX_KEPT: usize = 256;
/// Attempts of one worker that may wait for judgement. What comes on top is counted and not looked at.
const MAX_WAITING: u64 = 512;
/// How often the use of one grant is told of a worker that is not observed.
const GRANT_INTERVAL: Duration = Duration::from_secs(60);

/// What a worker tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptKind {
    /// Read a file or list a folder.
    Read,
    /// Create, change or remove.
    Write,
    /// Open a connection.
    Connect,
    /// Send something without one.
    Send,
    /// Run a program.
    Execute,
    /// Do something that takes privileges.
    Privilege,
}

/// Whether a policy allows what was tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AttemptVerdict {
    /// By a grant. Of a worker that is not observed, each grant is told about once in
    /// [`GRANT_INTERVAL`].
    Allowed(TakenGrant),
    /// It does not.
    Refused,
}

/// A grant that a worker took.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TakenGrant {
    /// To use a file or what is below a folder.
    Path {
        /// The path, as the manifest wrote it.
        declared: String,
        /// What it is granted for, which may be more than it was used for.
        access: FileAccess,
    },
    /// To run a program.
    Command {
        /// The name, as the manifest wrote it.
        declared: String,
    },
}

/// Something a worker tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAttempt {
    /// When.
    pub time: SystemTime,
    /// What it tried.
    pub kind: AttemptKind,
    /// The path, address or system call as the worker gave it.
    pub attempted: String,
    /// The path it means, absolute and without links as far as it exists; for anything else the same.
    pub resolved: PathBuf,
    /// Whether its policy allows it.
    pub verdict: AttemptVerdict,
}

/// What was seen of a worker since somebody last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenAttempts {
    /// What is worth telling, each once, in order.
    pub kept: Vec<SeenAttempt>,
    /// How often something else was refused, for which there was no room any more.
    pub omitted: u64,
    /// How often something was tried that nobody looked at, because too much waited for judgement. It may have
    /// been allowed.
    pub unjudged: u64,
}

/// What is seen of one worker.
#[derive(Debug)]
pub(crate) struct Attempts {
    kind: WorkerKind,
    policy: OnceLock<SandboxPolicy>,
    /// Where its connections arrive, if it has a network of its own.
    entrances: OnceLock<Entrances>,
    /// Whether the worker comes after others, and with it what is done for it.
    is_behind: AtomicBool,
    seen: Mutex<Seen>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    /// How many attempts were noted so far, and how many of them are judged.
    noted: u64,
    settled: u64,
    found: SeenAttempts,
    known: HashSet<(AttemptKind, String, PathBuf)>,
    /// When the use of a grant was last told. There are no more than the policy has grants.
    told: HashMap<TakenGrant, SystemTime>,
}

impl Seen {
    /// Attempts that were noted and not judged yet.
    fn waiting(&self) -> u64 {
        self.noted.saturating_sub(self.settled)
    }

    /// Whether an attempt is told: not that a grant is used which was told to be used a moment ago.
    fn is_told(&mut self, attempt: &SeenAttempt, is_observed: bool) -> bool {
        let AttemptVerdict::Allowed(grant) = &attempt.verdict else {
            return true;
        };
        if is_observed {
            return true;
        }
        let before = self.told.get(grant);
        let is_due = before.is_none_or(|before| {
            // A clock that was set back tells nothing.
            attempt
                .time
                .duration_since(*before)
                .is_ok_and(|since| since >= GRANT_INTERVAL)
        });
        if is_due {
            self.told.insert(grant.clone(), attempt.time);
        }
        is_due
    }
}

impl Attempts {
    fn new(kind: WorkerKind) -> Self {
        Self {
            kind,
            policy: OnceLock::new(),
            entrances: OnceLock::new(),
            is_behind: AtomicBool::new(false),
            seen: Mutex::default(),
            settled: Condvar::new(),
        }
    }

    /// From here on attempts are judged by `policy`.
    pub(crate) fn begin(&self, policy: &SandboxPolicy) {
        // Set once: a worker is assigned once.
        let _ = self.policy.set(policy.clone());
    }

    /// From here on connections that lead to none of `entrances` are refused ones.
    pub(crate) fn lead_to(&self, entrances: Entrances) {
        // Set once: a worker gets one network.
        let _ = self.entrances.set(entrances);
    }

    /// From here on what is done for the worker comes before others only if it does itself.
    pub(crate) fn place(&self, precedence: Precedence) {
        let is_behind = precedence != Precedence::Normal;
        self.is_behind.store(is_behind, Ordering::Relaxed);
    }

    /// That of who answers it.
    fn precedence(&self) -> Precedence {
        match self.is_behind.load(Ordering::Relaxed) {
            true => Precedence::Aside,
            false => Precedence::Normal,
        }
    }

    /// Whether something was noted that is not judged yet.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.lock().waiting() > 0
    }

    /// What was seen since the last time this was asked. Waits for the judgement of what is noted
    /// already, at most `limit`.
    pub(crate) fn take(&self, limit: Duration) -> SeenAttempts {
        let seen = self.lock();
        // Whoever goes on trying is not waited for: what is noted first is judged first.
        let noted = seen.noted;
        let mut seen = self
            .settled
            .wait_timeout_while(seen, limit, |seen| seen.settled < noted)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        seen.known.clear();
        std::mem::take(&mut seen.found)
    }

    /// The filter that such a worker has.
    fn filter(&self) -> &'static Filter {
        match self.kind {
            WorkerKind::Embedded => &EMBEDDED,
            WorkerKind::Program => &PROGRAM,
        }
    }

    fn policy(&self) -> Option<&SandboxPolicy> {
        self.policy.get()
    }

    /// Whether there is room for one more to be judged; it counts from here on.
    fn note(&self) -> bool {
        let mut seen = self.lock();
        let room = seen.waiting() < MAX_WAITING;
        seen.noted += u64::from(room);
        seen.found.unjudged += u64::from(!room);
        room
    }

    /// One that was noted is judged.
    fn judged(&self, attempt: Option<SeenAttempt>) {
        let is_observed = self.policy().is_some_and(|policy| policy.observed);
        // Of what it is allowed the engine's guard tells, by the name that the skill used.
        let is_news = |attempt: &SeenAttempt| match self.kind {
            WorkerKind::Embedded => attempt.verdict == AttemptVerdict::Refused,
            WorkerKind::Program => true,
        };
        let mut seen = self.lock();
        if let Some(attempt) = attempt.filter(is_news) {
            let key = (
                attempt.kind,
                attempt.attempted.clone(),
                attempt.resolved.clone(),
            );
            let most = if is_observed { MAX_OBSERVED } else { MAX_KEPT };
            if !seen.known.contains(&key) {
                if seen.found.kept.len() >= most {
                    seen.found.omitted += u64::from(attempt.verdict == AttemptVerdict::Refused);
                } else if seen.is_told(&attempt, is_observed) {
                    seen.known.insert(key);
                    seen.found.kept.push(attempt);
                }
            }
        }
        self.settle_one(seen);
    }

    /// One that was noted will never be judged.
    fn passed_over(&self) {
        let mut seen = self.lock();
        seen.found.unjudged += 1;
        self.settle_one(seen);
    }

    fn settle_one(&self, mut seen: MutexGuard<'_, Seen>) {
        seen.settled += 1;
        self.settled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(number: usize) -> SeenAttempt {
        SeenAttempt {
            time: SystemTime::UNIX_EPOCH,
            kind: AttemptKind::Read,
            attempted: number.to_string(),
            resolved: PathBuf::from("/x"),
            verdict: AttemptVerdict::Refused,
        }
    }

    #[test]
    fn what_finds_no_room_is_counted_once_for_whoever_asks() {
        let attempts = Attempts::new(WorkerKind::Program);
        // The last one is known.
        for number in (0..MAX_KEPT + 5).chain([0]) {
            assert!(attempts.note());
            attempts.judged(Some(refused(number)));
        }
        let seen = attempts.take(Duration::ZERO);
        assert_eq!(
            (seen.kept.len(), seen.omitted, seen.unjudged),
            (MAX_KEPT, 5, 0)
        );
        for _ in 0..MAX_WAITING {
            assert!(attempts.note());
        }
        assert!(!attempts.note());
        attempts.passed_over();
        let seen = attempts.take(Duration::ZERO);
        assert_eq!((seen.kept.len(), seen.omitted, seen.unjudged), (0, 0, 2));
        assert_eq!(attempts.take(Duration::ZERO), SeenAttempts::default());
    }
}
