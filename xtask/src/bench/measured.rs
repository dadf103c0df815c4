//! What the measuring programs say: one line of JSON for each thing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

/// One line of a measuring program.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Times {
        measured: String,
        milliseconds: Vec<f64>,
    },
    Amount {
        measured: String,
        amount: f64,
    },
    Skipped {
        skipped: String,
        reason: String,
    },
}

/// Everything that was measured, by name.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    times: BTreeMap<String, Quantiles>,
    amounts: BTreeMap<String, f64>,
    /// What could not be measured, and why.
    pub(crate) skipped: BTreeMap<String, String>,
}

/// How long something took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    /// How often it was measured.
    pub(crate) runs: usize,
    /// Half of the runs took no longer.
    pub(crate) p50: f64,
    /// 95 of 100 runs took no longer.
    pub(crate) p95: f64,
    /// 99 of 100 runs took no longer.
    pub(crate) p99: f64,
}

impl Measured {
    /// Takes in one line. Lines that are not JSON objects are a program's other words.
    pub(crate) fn hear(&mut self, line: &str) -> Result<(), serde_json::Error> {
        if !line.starts_with('{') {
            return Ok(());
        }
        match serde_json::from_str(line)? {
            Line::Times {
                measured,
                milliseconds,
            } => {
                if let Some(quantiles) = Quantiles::of(milliseconds) {
                    self.times.insert(measured, quantiles);
                }
            }
            Line::Amount { measured, amount } => {
                self.amounts.insert(measured, amount);
            }
            Line::Skipped { skipped, reason } => {
                self.skipped.insert(skipped, reason);
            }
        }
        Ok(())
    }

    /// How long `name` took.
    pub(crate) fn times(&self, name: &str) -> Option<Quantiles> {
        self.times.get(name).copied()
    }

    /// How much of `name` there was.
    pub(crate) fn amount(&self, name: &str) -> Option<f64> {
        self.amounts.get(name).copied()
    }
}

impl Quantiles {
    /// By the nearest rank: each is a value that was measured.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100);
            values.get(rank.saturating_sub(1)).copied()
        };
        Some(Self {
            runs: values.len(),
            p50: at(50)?,
            p95: at(95)?,
            p99: at(99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measured_values() {
        let values = (1..=200).rev().map(f64::from).collect();
        let quantiles = Quantiles::of(values).unwrap();
        assert_eq!(quantiles.runs, 200);
        assert_eq!(
            [quantiles.p50, quantiles.p95, quantiles.p99],
            [100.0, 190.0, 198.0]
        );
        assert_eq!(Quantiles::of(vec![7.0]).unwrap().p99, 7.0);
        assert_eq!(Quantiles::of(Vec::new()), None);
    }

    #[test]
    fn lines_are_taken_in_and_nonsense_is_an_error() {
        let mut measured = Measured::default();
        for line in [
            "",
            "Running benches",
            r#"{"measured": "fork", "milliseconds": [0.25]}"#,
            r#"{"measured": "memory", "amount": 12.5}"#,
            r#"{"skipped": "resolve", "reason": "no registry"}"#,
        ] {
            measured.hear(line).unwrap();
        }
        assert_eq!(measured.times("fork").unwrap().p50, 0.25);
        assert_eq!(measured.amount("memory"), Some(12.5));
        assert_eq!(measured.skipped["resolve"], "no registry");
        assert!(measured.hear(r#"{"measured": "fork"}"#).is_err());
    }
}
