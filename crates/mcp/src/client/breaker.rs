//! A server that keeps failing is left alone for a while.

use std::time::Duration;
use std::time::Instant;

use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;

/// Failures in a row after which a server is left alone.
const THRESHOLD: u32 = 3;
/// For how long it is.
const PAUSE: Duration = Duration::from_secs(30);

/// How often a server failed in a row, and since when it is left alone.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    until: Option<Instant>,
}

/// The server is left alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    failures: u32,
    seconds: u64,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    /// Lets a call through, or says why not. After the pause one is let through to see how it goes.
    pub(super) fn admit(&mut self) -> Result<(), Refusal> {
        let Some(until) = self.until else {
            return Ok(());
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.until = Some(Instant::now() + PAUSE);
            return Ok(());
        }
        Err(Refusal {
            failures: self.failures,
            seconds: left.as_secs() + 1,
        })
    }

    /// Counts what came of a call. Returns whether the server is left alone from now on.
    pub(super) fn record(&mut self, error: Option<&ErrorReport>) -> bool {
        if !error.is_some_and(|error| blames_the_server(error.code)) {
            *self = Self::default();
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let opens = self.failures >= THRESHOLD;
        if opens {
            self.until = Some(Instant::now() + PAUSE);
        }
        opens
    }
}

impl Refusal {
    pub(super) fn report(&self, server: &str) -> ErrorReport {
        let (failures, seconds) = (self.failures, self.seconds);
        ErrorReport::new(ErrorCode::ServerUnavailable)
            .with("server", server)
            .with("cause", "breaker")
            .with(
                "reason",
                format!("it failed {failures} times in a row and is left alone for another {seconds} seconds"),
            )
    }
}

/// Whether the server, rather than its caller or what the caller asked for, is to blame.
fn blames_the_server(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ServerUnavailable
            | ErrorCode::ServerTimeout
            | ErrorCode::ServerInvalid
            | ErrorCode::ServerOutputLimit
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_a_success_closes_it() {
        let mut breaker = Breaker::default();
        let down = ErrorReport::new(ErrorCode::ServerUnavailable);
        let refused = ErrorReport::new(ErrorCode::ToolFailed);
        assert!(!breaker.record(Some(&down)));
        assert!(!breaker.record(Some(&down)));
        assert!(!breaker.record(Some(&refused)), "the server answered");
        for opened in [false, false, true] {
            assert_eq!(breaker.admit(), Ok(()));
            assert_eq!(breaker.record(Some(&down)), opened);
        }
        assert!(breaker.is_open());
        assert_eq!(breaker.admit().unwrap_err().failures, THRESHOLD);
        breaker.until = Some(Instant::now());
        assert_eq!(breaker.admit(), Ok(()), "one is let through");
        assert!(breaker.admit().is_err(), "and no other");
        assert!(!breaker.record(None));
        assert_eq!(breaker.admit(), Ok(()));
    }
}
