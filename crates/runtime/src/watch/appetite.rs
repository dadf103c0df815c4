//! How much of a processor a worker takes.

use std::time::Duration;
use std::time::Instant;

/// What is forgotten while a worker rests: one in so many of the time. Who works a quarter of the time takes as much as it
/// gives back.
const FORGOTTEN: u32 = 3;
/// The processor time with which a worker takes much. Nearly all calls need less.
pub(super) const MUCH: Duration = Duration::from_millis(50);
/// The same where what follows from it cannot be taken back: programs need some just to start.
pub(super) const MUCH_FOR_GOOD: Duration = Duration::from_millis(150);
/// No more than this counts, so that it is forgotten within a second of rest.
const MOST: Duration = Duration::from_millis(300);

/// The processor time that a worker has used lately: a bucket that leaks while it rests. It counts over all requests,
/// because many short ones take as much as a long one; and not by the time on the wall while it works, which is as long as
/// the others make it.
#[derive(Debug)]
pub(super) struct Appetite {
    used: Duration,
    lately: Duration,
    /// From when on it is much; half of it is little.
    much: Duration,
    /// Since when it has rested, or that part of it was reckoned.
    resting: Option<Instant>,
}

impl Appetite {
    /// That of a worker that used this much processor time before it was looked at, and takes much with `much` of it.
    pub(super) fn new(used: Duration, much: Duration) -> Self {
        Self {
            used,
            lately: Duration::ZERO,
            much,
            resting: None,
        }
    }

    /// Counts as having used as much as counts at all.
    pub(super) fn fill(&mut self) {
        self.lately = MOST;
    }

    /// Takes in the processor time that the worker has used until now.
    pub(super) fn reckon(&mut self, used: Duration, now: Instant) {
        let rested = self
            .resting
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.resting = self.resting.map(|_| now);
        let more = used.saturating_sub(self.used);
        self.used = used;
        self.lately = (self.lately + more)
            .saturating_sub(rested / FORGOTTEN)
            .min(MOST);
    }

    /// It works from now on.
    pub(super) fn begin(&mut self, used: Duration, now: Instant) {
        self.reckon(used, now);
        self.resting = None;
    }

    /// It rests from now on.
    pub(super) fn end(&mut self, used: Duration, now: Instant) {
        self.reckon(used, now);
        self.resting = Some(now);
    }

    /// How much more processor time it may use before others are to come first.
    pub(super) fn left(&self) -> Duration {
        self.much.saturating_sub(self.lately)
    }

    /// Whether others are to come first from now on.
    pub(super) fn is_much(&self) -> bool {
        self.lately >= self.much
    }

    /// Whether it may come before others again.
    pub(super) fn is_little(&self) -> bool {
        self.lately < self.much / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    /// Works for some milliseconds of each `period`, and says after how many of them that was much.
    fn periods_until_much(work: u32, period: u32) -> Option<u32> {
        let mut now = Instant::now();
        let mut appetite = Appetite::new(Duration::ZERO, MUCH);
        (1..1_000).find(|count| {
            appetite.begin(MILLISECOND * work * (count - 1), now);
            now += MILLISECOND * work;
            appetite.end(MILLISECOND * work * *count, now);
            now += MILLISECOND * (period - work);
            appetite.is_much()
        })
    }

    #[test]
    fn many_short_requests_are_as_much_as_a_long_one() {
        assert_eq!(periods_until_much(10, 10), Some(5));
        assert_eq!(periods_until_much(200, 200), Some(1));
    }

    #[test]
    fn a_quarter_of_a_processor_is_never_much_and_a_half_is_soon() {
        assert_eq!(periods_until_much(25, 100), None);
        assert_eq!(periods_until_much(20, 40), Some(4));
    }

    #[test]
    fn what_is_left_is_what_is_not_used() {
        let start = Instant::now();
        let mut appetite = Appetite::new(Duration::ZERO, MUCH);
        assert_eq!(appetite.left(), MUCH);
        appetite.begin(Duration::ZERO, start);
        appetite.reckon(MILLISECOND * 20, start + MILLISECOND * 20);
        assert_eq!(appetite.left(), MUCH - MILLISECOND * 20);
        appetite.fill();
        assert_eq!(appetite.left(), Duration::ZERO);
    }

    #[test]
    fn who_gets_little_of_a_busy_processor_still_takes_much() {
        let start = Instant::now();
        let mut appetite = Appetite::new(Duration::ZERO, MUCH);
        appetite.begin(Duration::ZERO, start);
        appetite.reckon(MUCH, start + Duration::from_secs(60));
        assert!(appetite.is_much());
    }

    #[test]
    fn what_was_much_is_forgotten_within_a_second_of_rest() {
        let start = Instant::now();
        let mut appetite = Appetite::new(Duration::ZERO, MUCH);
        let (used, now) = (Duration::from_secs(30), start + Duration::from_secs(30));
        appetite.begin(Duration::ZERO, start);
        appetite.end(used, now);
        assert!(appetite.is_much());
        appetite.reckon(used, now + MILLISECOND * 800);
        assert!(!appetite.is_much() && !appetite.is_little());
        appetite.begin(used, now + MILLISECOND * 1_000);
        assert!(appetite.is_little());
    }
}
