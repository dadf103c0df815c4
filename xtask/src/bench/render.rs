//! The table for people, and the file for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::bench::measured::Measured;
use crate::bench::measured::Quantiles;
use crate::bench::rows::Comparison;
use crate::bench::rows::Outcome;
use crate::bench::rows::REFERENCES;
use crate::bench::rows::Verdict;

/// The version of the file's form.
const SCHEMA_VERSION: u32 = 1;

/// The file for programs.
#[derive(Serialize)]
struct File<'a> {
    schema_version: u32,
    machine: Machine,
    rows: &'a [Outcome],
    references: Vec<Reference>,
    skipped: &'a std::collections::BTreeMap<String, String>,
}

/// Where it was measured.
#[derive(Serialize)]
struct Machine {
    kernel: String,
    architecture: &'static str,
    processors: usize,
}

#[derive(Serialize)]
struct Reference {
    name: &'static str,
    title: &'static str,
    times: Quantiles,
}

impl Machine {
    fn here() -> Self {
        let kernel = fs_err::read_to_string("/proc/sys/kernel/osrelease");
        Self {
            kernel: kernel.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned()),
            architecture: std::env::consts::ARCH,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// The table for people.
pub(crate) fn table(results: &[Outcome], measured: &Measured) -> String {
    let machine = Machine::here();
    let mut text = format!(
        "{} processors, {}, Linux {}; milliseconds unless a unit is given\n\n",
        machine.processors, machine.architecture, machine.kernel
    );
    line(
        &mut text,
        &[
            "", "p50", "p95", "p99", "floor", "ratio", "peer", "ratio", "target", "maximum", "aim",
            "",
        ],
    );
    for outcome in results {
        let [p50, p95, p99] = match (outcome.times, outcome.amount) {
            (Some(times), _) => three(times),
            (None, Some(amount)) => [
                String::new(),
                format!("{} {}", number(amount), outcome.unit.as_str()),
                String::new(),
            ],
            (None, None) => [String::new(), "-".to_owned(), String::new()],
        };
        let [floor, floor_ratio] = compared(outcome.floor.as_ref());
        let [peer, peer_ratio] = compared(outcome.peer.as_ref());
        let optional = |value: Option<f64>| value.map_or_else(String::new, number);
        line(
            &mut text,
            &[
                outcome.title,
                &p50,
                &p95,
                &p99,
                &floor,
                &floor_ratio,
                &peer,
                &peer_ratio,
                &optional(outcome.target),
                &optional(outcome.maximum),
                &number(outcome.aim),
                words(outcome.verdict()),
            ],
        );
    }
    text.push('\n');
    for reference in references(measured) {
        let [p50, p95, p99] = three(reference.times);
        line(&mut text, &[reference.title, &p50, &p95, &p99]);
    }
    for (name, reason) in &measured.skipped {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "not measured: {name}: {reason}");
    }
    text
}

/// The file for programs.
pub(crate) fn json(results: &[Outcome], measured: &Measured) -> String {
    let file = File {
        schema_version: SCHEMA_VERSION,
        machine: Machine::here(),
        rows: results,
        references: references(measured),
        skipped: &measured.skipped,
    };
    let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
    text.push('\n');
    text
}

fn references(measured: &Measured) -> Vec<Reference> {
    let found = REFERENCES.iter().filter_map(|(name, title)| {
        measured
            .times(name)
            .map(|times| Reference { name, title, times })
    });
    found.collect()
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unmeasured => "not measured",
        Verdict::WithinAim => "within aim",
        Verdict::WithinTarget => "within target",
        Verdict::WithinMaximum => "above aim",
        Verdict::TooMuch => "TOO MUCH",
    }
}

fn three(times: Quantiles) -> [String; 3] {
    [times.p50, times.p95, times.p99].map(number)
}

fn compared(comparison: Option<&Comparison>) -> [String; 2] {
    comparison.map_or_else(<[String; 2]>::default, |comparison| {
        [
            number(comparison.p50),
            format!("{}x", number(comparison.ratio)),
        ]
    })
}

/// Three digits that say something.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        x if x >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

fn line(text: &mut String, cells: &[&str]) {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = match index {
            0 => write!(line, "{cell:<48}"),
            11 => write!(line, "  {cell}"),
            _ => write!(line, "{cell:>9}"),
        };
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rows::results;

    fn measured() -> Measured {
        let mut measured = Measured::default();
        for line in [
            r#"{"measured": "call", "milliseconds": [0.05, 0.06]}"#,
            r#"{"measured": "socketpair", "milliseconds": [0.025]}"#,
            r#"{"measured": "memory", "amount": 31.5}"#,
            r#"{"skipped": "resolve", "reason": "no registry"}"#,
        ] {
            measured.hear(line).unwrap();
        }
        measured
    }

    #[test]
    fn the_table_has_all_rows_and_says_what_is_missing() {
        let measured = measured();
        let table = table(&results(&measured), &measured);
        let row = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap();
        let call: Vec<_> = row("call overhead over a direct call")
            .split_whitespace()
            .skip(6)
            .collect();
        let expected = "0.050 0.060 0.060 0.025 2.00x 5.00 20.0 0.150 within aim";
        assert_eq!(call.join(" "), expected);
        assert!(row("memory, daemon").contains("31.5 MB"));
        assert!(row("hot reload").ends_with("not measured"));
        assert!(table.contains("not measured: resolve: no registry"));
    }

    #[test]
    fn the_file_has_a_version_and_all_rows() {
        let measured = measured();
        let file: serde_json::Value =
            serde_json::from_str(&json(&results(&measured), &measured)).unwrap();
        assert_eq!(file["schema_version"], 1);
        let mut rows = file["rows"].as_array().unwrap().iter();
        let call = rows.find(|row| row["name"] == "call").unwrap();
        assert_eq!(call["times"]["runs"], 2);
        assert_eq!(call["floor"]["name"], "socketpair");
        assert_eq!(file["references"][0]["name"], "socketpair");
    }
}
