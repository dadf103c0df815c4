//! Bodies on their way, and how much of them may be there.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use mycelium_protocol::worker::MAX_EXCHANGE_CHUNK;
use tokio::sync::Notify;
use tokio::sync::Semaphore;

/// The body of a request: what the worker has sent and the host has not got.
#[derive(Debug)]
pub(super) struct Upload {
    state: Mutex<Pending>,
    arrived: Notify,
}

#[derive(Debug)]
struct Pending {
    bytes: Vec<u8>,
    /// How much more the worker may send.
    credit: u64,
    complete: bool,
}

impl Upload {
    pub(super) fn new(window: u64) -> Self {
        Self {
            state: Mutex::new(Pending {
                bytes: Vec::new(),
                credit: window,
                complete: false,
            }),
            arrived: Notify::new(),
        }
    }

    /// Adds what the worker sent.
    ///
    /// # Errors
    /// When it sent more than it may.
    pub(super) fn add(&self, bytes: &[u8], last: bool) -> Result<(), &'static str> {
        if bytes.len() > MAX_EXCHANGE_CHUNK {
            return Err("a part of a body is too large");
        }
        let mut pending = self.lock();
        if pending.complete {
            return Err("a body goes on after its end");
        }
        pending.credit = pending
            .credit
            .checked_sub(bytes.len() as u64)
            .ok_or("a body has more than its credit")?;
        pending.bytes.extend_from_slice(bytes);
        pending.complete = last;
        drop(pending);
        self.arrived.notify_one();
        Ok(())
    }

    /// Everything that is there, when something is; `None` at the end.
    pub(super) async fn next(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut pending = self.lock();
                if !pending.bytes.is_empty() {
                    return Some(std::mem::take(&mut pending.bytes));
                }
                if pending.complete {
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }

    /// Lets the worker send `bytes` more, because so many have been passed on.
    pub(super) fn used(&self, bytes: u64) {
        self.lock().credit += bytes;
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a response: how much more of it the worker has room for.
#[derive(Debug)]
pub(super) struct Download {
    credit: Semaphore,
    window: u64,
}

impl Download {
    pub(super) fn new(window: u64) -> Self {
        Self {
            credit: Semaphore::new(usize::try_from(window).unwrap_or(Semaphore::MAX_PERMITS)),
            window,
        }
    }

    /// Gives credit back, of which there is never more than the window.
    ///
    /// # Errors
    /// When that is more than was used.
    pub(super) fn grant(&self, bytes: u64) -> Result<(), &'static str> {
        let there = self.credit.available_permits() as u64;
        match usize::try_from(bytes) {
            Ok(granted) if there.saturating_add(bytes) <= self.window => {
                self.credit.add_permits(granted);
                Ok(())
            }
            Ok(_) | Err(_) => Err("more credit than was used"),
        }
    }

    /// Waits until the worker has room for `bytes`, which are at most the window.
    pub(super) async fn reserve(&self, bytes: usize) {
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Ok(permits) = self.credit.acquire_many(wanted).await {
            permits.forget();
        }
    }
}
