//! The front of the log: recording without waiting for a disk.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crate::AuditError;
use crate::AuditFolder;
use crate::Receipt;
use crate::Recorded;
use crate::chain::Chain;
use crate::entry::Body;
use crate::event::Level;
use crate::event::Record;
use crate::receipt::Waiter;
use crate::writer;

/// Entries that may wait to be written before operations are refused.
const MAX_WAITING: usize = 1000;
/// Entries that may wait at all. Those of operations that had begun when the limit was reached find room.
const MAX_QUEUE: usize = 4 * MAX_WAITING;

/// How a log is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where it is.
    pub folder: AuditFolder,
    /// A file as large as this, in bytes, is followed by another.
    pub max_file: u64,
    /// Entries from one checkpoint to the next.
    pub checkpoint_every: u64,
    /// How long an ordinary entry may wait until it is on disk.
    pub patience: Duration,
}

impl AuditSettings {
    /// Files of 16 MiB, a checkpoint every 1,000 entries, on disk within 5 seconds.
    #[must_use]
    pub fn new(folder: AuditFolder) -> Self {
        Self {
            folder,
            max_file: 16 << 20,
            checkpoint_every: 1000,
            patience: Duration::from_secs(5),
        }
    }
}

/// A log that this process writes to. Other processes may write to it at the same time; each entry has one
/// writer, whoever holds the lock.
///
/// An entry is written by the thread that records it, which takes some microseconds, unless that would have
/// to wait: then a thread of the log's own writes it. That thread also does everything slow: opening,
/// changing files, putting entries on disk for all who wait for that, signing.
pub struct AuditLog {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

pub(crate) struct Shared {
    pub(crate) settings: AuditSettings,
    pub(crate) state: Mutex<State>,
    /// Told when the thread has something to do.
    pub(crate) wake: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    /// The end of the log; not here before the log is open, and while the thread has it.
    pub(crate) chain: Option<Chain>,
    /// What could not be written at once, in order.
    pub(crate) queue: VecDeque<Queued>,
    /// Security events that are written and have to get on disk.
    pub(crate) uncommitted: Vec<(Waiter, Recorded)>,
    /// Since when an ordinary entry is written and not on disk.
    pub(crate) dirty: Option<Instant>,
    /// Why the last attempt to write failed, if it did.
    pub(crate) failure: Option<AuditError>,
    /// Whether entries that were written may not be on disk, because that failed.
    pub(crate) is_unsafe: bool,
    /// Entries that found no room in the queue.
    pub(crate) lost: u64,
    /// Whether something was to wait for what the thread is just trying to write.
    pub(crate) is_trying: bool,
    pub(crate) is_closing: bool,
}

/// An entry that waits to be written, and whoever waits for it.
pub(crate) struct Queued {
    pub(crate) body: Body,
    pub(crate) waiter: Option<Waiter>,
}

impl State {
    /// Whether nothing new may begin: a security event waits for a log that cannot be written, or too much.
    pub(crate) fn is_blocked(&self) -> bool {
        let is_security = |queued: &Queued| queued.body.level == Level::Security;
        self.is_unsafe
            || self.is_trying
            || self.lost > 0
            || self.queue.len() >= MAX_WAITING
            || self.queue.iter().any(is_security)
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditLog {
    /// A log that is opened, or begun, with the first record.
    #[must_use]
    pub fn new(settings: AuditSettings) -> Self {
        Self {
            shared: Arc::new(Shared {
                settings,
                state: Mutex::default(),
                wake: Condvar::new(),
            }),
            thread: Mutex::default(),
        }
    }

    /// Puts something on record. Secrets are taken out and texts bounded here.
    ///
    /// Blocks for no disk and no other process. The receipt tells when the entry is as safe as its level says.
    pub fn record(&self, record: &Record) -> Receipt {
        let body = Body::of(record);
        let mut state = self.shared.lock();
        if state.queue.is_empty()
            && let Some(chain) = &mut state.chain
            && let Some(recorded) = chain.try_append(&body)
        {
            let wants_checkpoint = chain.wants_checkpoint();
            return match body.level {
                Level::Ordinary => {
                    if state.dirty.is_none() || wants_checkpoint {
                        state.dirty.get_or_insert_with(Instant::now);
                        self.shared.wake.notify_one();
                    }
                    Receipt::ready(recorded)
                }
                Level::Security => {
                    let (waiter, receipt) = Receipt::waiting();
                    state.uncommitted.push((waiter, recorded));
                    self.shared.wake.notify_one();
                    receipt
                }
            };
        }
        let (waiter, receipt) = Receipt::waiting();
        if state.is_closing {
            // The waiter is dropped, which tells that the log is closed.
            return receipt;
        }
        if state.queue.len() >= MAX_QUEUE {
            state.lost += 1;
            // Nobody who waits hears anything of an entry that was lost but this.
            let _ = waiter.send(Err(AuditError::Overflow(state.lost)));
            return receipt;
        }
        state.queue.push_back(Queued {
            body,
            waiter: Some(waiter),
        });
        self.shared.wake.notify_one();
        drop(state);
        self.start_thread();
        receipt
    }

    /// Whether an operation may begin.
    ///
    /// # Errors
    /// When the log cannot be written and a security event waits for it, or too many entries.
    pub fn admit(&self) -> Result<(), AuditError> {
        let state = self.shared.lock();
        match &state.failure {
            Some(failure) if state.is_blocked() => {
                // Perhaps there is room again by now.
                self.shared.wake.notify_one();
                Err(failure.clone())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes what waits, signs a last checkpoint, and puts everything on disk. Nothing is recorded afterwards.
    pub fn close(&self) {
        self.shared.lock().is_closing = true;
        self.shared.wake.notify_one();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // It does not panic; and if it did, there is nobody to tell any more.
            let _ = thread.join();
        }
    }

    fn start_thread(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let started = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer::run(&shared));
        match started {
            Ok(started) => *thread = Some(started),
            Err(error) => {
                let mut state = self.shared.lock();
                let error = AuditError::from(error);
                for queued in &mut state.queue {
                    if let Some(waiter) = queued.waiter.take() {
                        let _ = waiter.send(Err(error.clone()));
                    }
                }
                state.failure = Some(error);
            }
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.close();
    }
}
