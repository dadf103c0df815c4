//! Who hears of a timer that runs out: every timer has a token, and every token somebody who waits.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;

/// Who is to be told when a worker has used its processor time, by the timer's token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<Mutex<HashMap<u64, Arc<Notify>>>>);

impl Waiting {
    /// The timer with this token ran out.
    pub(crate) fn expired(&self, token: u64) {
        if let Some(notify) = lock(&self.0).get(&token) {
            notify.notify_one();
        }
    }
}

/// One worker's entry among those waiting.
#[derive(Debug)]
pub(crate) struct Ticket {
    token: u64,
    waiting: Waiting,
    exceeded: Arc<Notify>,
}

impl Ticket {
    pub(crate) fn new(token: u64, waiting: &Waiting) -> Self {
        let exceeded = Arc::new(Notify::new());
        lock(&waiting.0).insert(token, Arc::clone(&exceeded));
        Self {
            token,
            waiting: waiting.clone(),
            exceeded,
        }
    }

    /// What the timer is to be given.
    pub(crate) fn token(&self) -> u64 {
        self.token
    }

    /// What ran out until now is about something that is over. Waiting for it, however shortly, would take a tick
    /// of the executor's clock.
    pub(crate) fn forget_expiry(&self) {
        pin!(self.exceeded.notified()).enable();
    }

    /// Waits until the timer runs out.
    pub(crate) async fn expired(&self) {
        self.exceeded.notified().await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.waiting.0).remove(&self.token);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
