//! Whether skills are called that take little: for them a processor is left free of those that take much.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// How long after a request another one is to be expected. Whoever calls in turn thinks in between.
const SOON: Duration = Duration::from_secs(1);

/// The requests to workers that take little.
#[derive(Debug, Default)]
pub(crate) struct Others(Mutex<Requests>);

#[derive(Debug, Default)]
struct Requests {
    under_way: usize,
    /// When one ended last.
    last: Option<Instant>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Expected(Arc<Others>);

impl Others {
    /// One begins.
    pub(super) fn begin(self: &Arc<Self>) -> Expected {
        self.lock().under_way += 1;
        Expected(Arc::clone(self))
    }

    /// Whether there are any, or will be soon.
    pub(super) fn are_called(&self, now: Instant) -> bool {
        let requests = self.lock();
        let is_recent = |last| now.saturating_duration_since(last) < SOON;
        requests.under_way > 0 || requests.last.is_some_and(is_recent)
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut requests = self.0.lock();
        requests.under_way -= 1;
        requests.last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_while_it_lasts_and_a_moment_longer() {
        let others = Arc::new(Others::default());
        let start = Instant::now();
        assert!(!others.are_called(start));
        let (one, two) = (others.begin(), others.begin());
        drop(one);
        assert!(others.are_called(start + SOON * 100));
        drop(two);
        let end = Instant::now();
        assert!(others.are_called(start));
        assert!(!others.are_called(end + SOON));
    }
}
