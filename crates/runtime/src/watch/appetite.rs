//! How much of a processor a worker takes.

use std::time::Duration;
use std::time::Instant;

/// The part of a processor that a worker may use for ever: one in so many.
const SHARE: u32 = 4;
/// The processor time beyond its share with which a worker takes much. Nearly all calls need less.
const MUCH: Duration = Duration::from_millis(150);
/// With less than this it takes no longer much.
const LITTLE: Duration = Duration::from_millis(75);
/// What is beyond the share counts up to here, so that it is forgotten within a second or so.
const MOST: Duration = Duration::from_millis(300);

/// The processor time that a worker has used beyond its share lately: a bucket that leaks. It counts over all requests,
/// because many short ones take as much as a long one.
#[derive(Debug)]
pub(super) struct Appetite {
    used: Duration,
    beyond: Duration,
    at: Instant,
}

impl Appetite {
    /// That of a worker that used this much processor time before it was looked at.
    pub(super) fn new(used: Duration, now: Instant) -> Self {
        Self {
            used,
            beyond: Duration::ZERO,
            at: now,
        }
    }

    /// Counts as having used as much as counts at all.
    pub(super) fn fill(&mut self) {
        self.beyond = MOST;
    }

    /// Takes in the processor time that the worker has used until now.
    pub(super) fn reckon(&mut self, used: Duration, now: Instant) {
        let share = now.saturating_duration_since(self.at) / SHARE;
        let more = used.saturating_sub(self.used);
        self.beyond = (self.beyond + more).saturating_sub(share).min(MOST);
        self.used = used;
        self.at = now;
    }

    /// Whether others are to come first from now on.
    pub(super) fn is_much(&self) -> bool {
        self.beyond >= MUCH
    }

    /// Whether it may come before others again.
    pub(super) fn is_little(&self) -> bool {
        self.beyond < LITTLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works for some milliseconds of each `period`, and says after how many of them that was much.
    fn periods_until_much(work: u32, period: u32) -> Option<u32> {
        let start = Instant::now();
        let mut appetite = Appetite::new(Duration::ZERO, start);
        (1..1_000).find(|count| {
            let used = Duration::from_millis((work * count).into());
            let now = start + Duration::from_millis((period * count).into());
            appetite.reckon(used, now);
            appetite.is_much()
        })
    }

    #[test]
    fn many_short_requests_are_as_much_as_a_long_one() {
        assert_eq!(periods_until_much(10, 10), Some(20));
        assert_eq!(periods_until_much(200, 200), Some(1));
    }

    #[test]
    fn a_quarter_of_a_processor_is_never_much_and_a_half_is_soon() {
        assert_eq!(periods_until_much(25, 100), None);
        assert_eq!(periods_until_much(50, 100), Some(6));
    }

    #[test]
    fn what_was_much_is_forgotten_within_a_second_of_rest() {
        let start = Instant::now();
        let mut appetite = Appetite::new(Duration::ZERO, start);
        let (used, now) = (Duration::from_secs(30), start + Duration::from_secs(30));
        appetite.reckon(used, now);
        assert!(appetite.is_much());
        appetite.reckon(used, now + Duration::from_millis(700));
        assert!(!appetite.is_much() && !appetite.is_little());
        appetite.reckon(used, now + Duration::from_millis(1_000));
        assert!(appetite.is_little());
    }
}
