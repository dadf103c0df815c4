//! Lines of JSON on standard output.

use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::Outcome;

/// Tells how long each run of `what` took.
pub(crate) fn times(what: &str, times: &[Duration]) -> Outcome<()> {
    let milliseconds: Vec<_> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    line(&json!({ "measured": what, "milliseconds": milliseconds }))
}

/// Tells how much of `what` there is.
pub(crate) fn amount(what: &str, amount: f64) -> Outcome<()> {
    line(&json!({ "measured": what, "amount": amount }))
}

/// Tells how much longer `times` are than `others`, at the median.
pub(crate) fn added(what: &str, times: &[Duration], others: &[Duration]) -> Outcome<()> {
    let difference = median(times).as_secs_f64() - median(others).as_secs_f64();
    amount(what, difference * 1e3)
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Passes on what a part gave, or tells why it gave nothing.
pub(crate) fn part<T>(what: &str, outcome: Outcome<T>) -> Outcome<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            line(&json!({ "skipped": what, "reason": error.to_string() }))?;
            Ok(None)
        }
    }
}

/// Runs `work` some times without, then `runs` times with a clock.
pub(crate) fn measure(
    runs: usize,
    mut work: impl FnMut() -> Outcome<()>,
) -> Outcome<Vec<Duration>> {
    // The first few are slower: pages are touched and files read for the first time.
    for _ in 0..runs.div_ceil(20) {
        work()?;
    }
    let timed = |_| {
        let start = Instant::now();
        work()?;
        Ok(start.elapsed())
    };
    (0..runs).map(timed).collect()
}

fn line(value: &Value) -> Outcome<()> {
    Ok(writeln!(std::io::stdout(), "{value}")?)
}
