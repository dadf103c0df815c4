//! How much of something may be used in a time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::Sleep;

const NANOS: u128 = 1_000_000_000;

/// A token bucket: it fills at a steady rate and holds at most so much.
///
/// It knows no clock; whoever asks says what time it is.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_second: u64,
    capacity: u64,
    /// In billionths of a token, so that no remainder is lost.
    level: u128,
    filled: Instant,
}

impl Bucket {
    /// A full bucket. Rate and capacity are at least 1.
    #[must_use]
    pub fn new(per_second: u64, capacity: u64, now: Instant) -> Self {
        let capacity = capacity.max(1);
        Self {
            per_second: per_second.max(1),
            capacity,
            level: u128::from(capacity) * NANOS,
            filled: now,
        }
    }

    /// Takes up to `wanted` tokens.
    ///
    /// # Errors
    /// When there is none: how long until a useful number of them is there. Waiting for a few at a time
    /// would wake up for every byte.
    pub fn take(&mut self, wanted: u64, now: Instant) -> Result<u64, Duration> {
        let elapsed = now.saturating_duration_since(self.filled).as_nanos();
        self.filled = self.filled.max(now);
        let full = u128::from(self.capacity) * NANOS;
        self.level = (self.level + elapsed.saturating_mul(u128::from(self.per_second))).min(full);
        let whole = u64::try_from(self.level / NANOS).unwrap_or(u64::MAX);
        if whole == 0 && wanted > 0 {
            let useful = wanted.min(self.capacity).min(self.per_second.div_ceil(50));
            let missing = u128::from(useful.max(1)) * NANOS - self.level;
            let wait = missing.div_ceil(u128::from(self.per_second));
            return Err(Duration::from_nanos(
                u64::try_from(wait).unwrap_or(u64::MAX),
            ));
        }
        let taken = whole.min(wanted);
        self.level -= u128::from(taken) * NANOS;
        Ok(taken)
    }

    /// Puts back what was taken and not used.
    pub fn put_back(&mut self, unused: u64) {
        let full = u128::from(self.capacity) * NANOS;
        self.level = (self.level + u128::from(unused) * NANOS).min(full);
    }
}

/// What was taken within a second: now, and the most so far.
#[derive(Debug)]
struct Rate {
    since: Instant,
    taken: u64,
    most: u64,
}

impl Rate {
    fn take(&mut self, taken: u64, now: Instant) {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            self.most = self.most();
            self.since = now;
            self.taken = 0;
        }
        self.taken = self.taken.saturating_add(taken);
    }

    fn most(&self) -> u64 {
        self.most.max(self.taken)
    }
}

/// A bucket that several tasks take from, on tokio's clock.
#[derive(Debug)]
pub(crate) struct SharedBucket(Mutex<(Bucket, Rate)>);

impl SharedBucket {
    pub(crate) fn new(per_second: u64, capacity: u64) -> Self {
        let now = Instant::now();
        let rate = Rate {
            since: now,
            taken: 0,
            most: 0,
        };
        Self(Mutex::new((Bucket::new(per_second, capacity, now), rate)))
    }

    /// The most tokens that were used within a second.
    pub(crate) fn most_in_a_second(&self) -> u64 {
        self.lock().1.most()
    }

    /// One token, if there is one now.
    pub(crate) fn try_one(&self) -> bool {
        self.take(1).is_ok()
    }

    /// Waits for one token.
    pub(crate) async fn one(&self) {
        while let Err(wait) = self.take(1) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes up to `wanted` tokens, at least one. `timer` belongs to the caller's direction of traffic.
    pub(crate) fn poll_take(
        &self,
        wanted: u64,
        timer: &mut Option<std::pin::Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<u64> {
        loop {
            if let Some(sleep) = timer {
                ready!(sleep.as_mut().poll(cx));
                *timer = None;
            }
            match self.take(wanted) {
                Ok(taken) => return Poll::Ready(taken),
                Err(wait) => *timer = Some(Box::pin(tokio::time::sleep(wait))),
            }
        }
    }

    pub(crate) fn put_back(&self, unused: u64) {
        let (bucket, rate) = &mut *self.lock();
        bucket.put_back(unused);
        rate.taken = rate.taken.saturating_sub(unused);
    }

    fn take(&self, wanted: u64) -> Result<u64, Duration> {
        let (bucket, rate) = &mut *self.lock();
        let now = Instant::now();
        let taken = bucket.take(wanted, now)?;
        rate.take(taken, now);
        Ok(taken)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Bucket, Rate)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_busiest_second_is_remembered() {
        let bucket = SharedBucket::new(1000, 4000);
        bucket.take(3000).unwrap();
        bucket.put_back(1000);
        assert_eq!(bucket.most_in_a_second(), 2000);
        tokio::time::advance(Duration::from_secs(1)).await;
        bucket.take(500).unwrap();
        assert_eq!(bucket.most_in_a_second(), 2000);
        tokio::time::advance(Duration::from_secs(1)).await;
        bucket.take(4000).unwrap();
        assert!(bucket.most_in_a_second() > 2000);
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_what_flows_in_and_no_more() {
        let start = Instant::now();
        let mut bucket = Bucket::new(1000, 4000, start);
        let mut now = start;
        let mut taken = 0;
        for _ in 0..10_000 {
            match bucket.take(1500, now) {
                Ok(some) => taken += some,
                Err(wait) => {
                    assert!(wait > Duration::ZERO && wait <= Duration::from_millis(20));
                    now += wait;
                }
            }
            if now - start >= Duration::from_secs(10) {
                break;
            }
        }
        taken += bucket.take(u64::MAX, now).unwrap_or(0);
        let elapsed = (now - start).as_nanos() * 1000 / NANOS;
        assert_eq!(u128::from(taken), 4000 + elapsed);
        assert!(elapsed >= 10_000, "{elapsed}");
    }

    #[test]
    fn what_is_put_back_is_there_again_and_a_clock_that_goes_back_gives_nothing() {
        let start = Instant::now() + Duration::from_secs(5);
        let mut bucket = Bucket::new(10, 10, start);
        assert_eq!(bucket.take(10, start), Ok(10));
        bucket.put_back(4);
        assert_eq!(bucket.take(10, start - Duration::from_secs(5)), Ok(4));
        assert!(bucket.take(1, start).is_err());
        bucket.put_back(u64::MAX);
        assert_eq!(bucket.take(100, start), Ok(10));
    }
}
