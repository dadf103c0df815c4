//! What comes from a worker, counted as it comes.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// How long lines are counted before the count starts anew.
const WINDOW: Duration = Duration::from_secs(1);

/// What came from one worker so far. Read by others while its connection counts.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    output_bytes: AtomicU64,
    largest_frame: AtomicU64,
    most_lines: AtomicU64,
    longest_wall: AtomicU64,
    longest_cpu: AtomicU64,
}

impl Meter {
    /// Starts the count of a new request's output.
    pub(crate) fn begin_request(&self) {
        self.output_bytes.store(0, Ordering::Relaxed);
    }

    /// Counts a frame of this many bytes.
    pub(crate) fn count_frame(&self, bytes: usize) {
        self.largest_frame
            .fetch_max(bytes as u64, Ordering::Relaxed);
    }

    /// Counts what a frame adds to the output of the request.
    pub(crate) fn count_output(&self, bytes: usize) {
        self.output_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts the time that a request took, by the clock on the wall and by the processor's.
    pub(crate) fn count_time(&self, wall: Duration, cpu: Duration) {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.longest_wall
            .fetch_max(nanoseconds(wall), Ordering::Relaxed);
        self.longest_cpu
            .fetch_max(nanoseconds(cpu), Ordering::Relaxed);
    }

    /// The longest time that a request took.
    pub(crate) fn longest_wall(&self) -> Duration {
        Duration::from_nanos(self.longest_wall.load(Ordering::Relaxed))
    }

    /// The most processor time that a request took.
    pub(crate) fn longest_cpu(&self) -> Duration {
        Duration::from_nanos(self.longest_cpu.load(Ordering::Relaxed))
    }

    /// The output of the running or the last request, in bytes.
    pub(crate) fn output_bytes(&self) -> u64 {
        self.output_bytes.load(Ordering::Relaxed)
    }

    /// The largest frame, in bytes.
    pub(crate) fn largest_frame(&self) -> u64 {
        self.largest_frame.load(Ordering::Relaxed)
    }

    /// The most lines that were printed in a second.
    pub(crate) fn most_lines(&self) -> u64 {
        self.most_lines.load(Ordering::Relaxed)
    }
}

/// Lines that are read as fast as they come.
const BURST: u64 = 1_000;
/// How much faster than the limit lines are read beyond that. Whoever floods comes to its limit all the same, but does not
/// have a processor of the daemon to itself until then.
const PACE: u64 = 3;
/// A longer line is read at the pace of several, of so many bytes each.
const PACED_BYTES: usize = 4 << 10;

/// Counts lines by the second.
#[derive(Debug)]
pub(crate) struct LineRate {
    limit: u64,
    since: Instant,
    lines: u64,
    /// Lines, the longer ones counted several times.
    weight: u64,
}

impl LineRate {
    /// A count that lets `limit` lines pass in a second.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            since: Instant::now(),
            lines: 0,
            weight: 0,
        }
    }

    /// Counts the lines of `text`, printed at `now`; whether they are within the limit.
    pub(crate) fn admit(&mut self, text: &str, now: Instant, meter: &Meter) -> bool {
        if now.duration_since(self.since) >= WINDOW {
            self.since = now;
            self.lines = 0;
            self.weight = 0;
        }
        let breaks = text.bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.lines = self.lines.saturating_add(breaks + 1);
        let long = (text.len() / PACED_BYTES) as u64;
        self.weight = self.weight.saturating_add(breaks + 1 + long);
        meter.most_lines.fetch_max(self.lines, Ordering::Relaxed);
        self.lines <= self.limit
    }

    /// When more is to be read of what is printed.
    pub(crate) fn next_read(&self) -> Instant {
        let ahead = self.weight.saturating_sub(BURST);
        let rate = self.limit.saturating_mul(PACE).max(1);
        let micros = ahead.saturating_mul(1_000_000) / rate;
        self.since + Duration::from_micros(micros).min(WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_the_second() {
        let meter = Meter::default();
        let mut rate = LineRate::new(3);
        let start = rate.since;
        assert!(rate.admit("one", start, &meter));
        assert!(rate.admit("two\nthree", start, &meter));
        assert!(!rate.admit("four", start, &meter));
        assert!(rate.admit("five", start + WINDOW, &meter));
        assert_eq!(meter.most_lines(), 4);
    }

    #[test]
    fn a_flood_is_read_at_a_pace_at_which_it_still_reaches_its_limit() {
        let meter = Meter::default();
        let mut rate = LineRate::new(10_000);
        let start = rate.since;
        for _ in 0..BURST {
            rate.admit("line", start, &meter);
        }
        assert_eq!(rate.next_read(), start);
        for _ in 0..3_000 {
            rate.admit("line", start, &meter);
        }
        assert_eq!(rate.next_read(), start + Duration::from_millis(100));
        let long = "x".repeat(100 * PACED_BYTES);
        assert!(rate.admit(&long, start, &meter));
        assert!(rate.next_read() > start + Duration::from_millis(103));
        // However much it is, the next second is a new one.
        while rate.admit("line", start, &meter) {}
        assert!(rate.next_read() < start + WINDOW);
        for _ in 0..1_000 {
            rate.admit(&long, start, &meter);
        }
        assert_eq!(rate.next_read(), start + WINDOW);
    }
}
