//! The numbers to hold, as data, and how what was measured compares.

use serde::Serialize;

use crate::bench::measured::Measured;
use crate::bench::measured::Quantiles;

/// A number to hold.
pub(crate) struct Row {
    /// What the measuring programs call it.
    name: &'static str,
    /// What it is.
    title: &'static str,
    /// What must be done in any case, measured in the same run.
    floor: Option<&'static str>,
    /// What users would do without this program, measured in the same run.
    peer: Option<&'static str>,
    /// The specification's target.
    target: Option<f64>,
    /// The specification's maximum.
    maximum: Option<f64>,
    /// What we want to hold at the 95th percentile.
    aim: f64,
    unit: Unit,
}

/// What a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "MB")]
    Megabytes,
    #[serde(rename = "%")]
    Percent,
    /// Of something else that was measured at the same time.
    #[serde(rename = "x")]
    Multiple,
}

impl Unit {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::Percent => "%",
            Self::Multiple => "x",
        }
    }
}

const fn row(name: &'static str, title: &'static str, aim: f64) -> Row {
    Row {
        name,
        title,
        floor: None,
        peer: None,
        target: None,
        maximum: None,
        aim,
        unit: Unit::Milliseconds,
    }
}

impl Row {
    const fn above(self, floor: &'static str) -> Self {
        Self {
            floor: Some(floor),
            ..self
        }
    }

    const fn beside(self, peer: &'static str) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }

    const fn target(self, target: f64) -> Self {
        Self {
            target: Some(target),
            ..self
        }
    }

    const fn maximum(self, maximum: f64) -> Self {
        Self {
            maximum: Some(maximum),
            ..self
        }
    }

    const fn counting(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }
}

const ROWS: &[Row] = &[
    row("sandbox-warm", "sandbox set-up, warm worker", 0.5)
        .above("fork")
        .maximum(10.0),
    row("sandbox-cold", "sandbox set-up, new worker", 3.0)
        .above("fork")
        .maximum(10.0),
    row("open-told", "open a file, the supervisor told of it", 0.06)
        .above("open")
        .maximum(0.06),
    row(
        "create-told",
        "make a file in a granted folder, which the supervisor does",
        0.15,
    )
    .above("create"),
    row("untold", "calls not told of, of where none is told", 1.05)
        .maximum(1.1)
        .counting(Unit::Multiple),
    row(
        "kill-tree",
        "kill a tree of 30 processes, until all are gone",
        20.0,
    )
    .above("kill-bare")
    .maximum(100.0),
    row("load-simple", "load a simple skill", 5.0)
        .above("process")
        .beside("node-start")
        .target(50.0)
        .maximum(100.0),
    row("load-npm", "load with 10 npm dependencies, cached", 15.0)
        .above("process")
        .beside("node-npm")
        .target(200.0)
        .maximum(500.0),
    row("call", "call overhead over a direct call", 0.15)
        .above("socketpair")
        .beside("node-pipe")
        .target(5.0)
        .maximum(20.0),
    row("audit", "put a call on record, others on disk", 0.02).above("append"),
    row("audit-commit", "put a refusal on record, on disk", 20.0).above("fsync"),
    row("broker", "broker, added to a loopback request", 0.3)
        .above("request-direct")
        .maximum(0.3),
    row("resolve", "resolve 10 dependencies, cached metadata", 10.0)
        .target(100.0)
        .maximum(300.0),
    row("search-500", "search 500 skills", 0.5)
        .target(10.0)
        .maximum(50.0),
    row("search-100000", "search 100,000 skills", 10.0),
    row("reload", "hot reload", 10.0)
        .above("process")
        .target(200.0)
        .maximum(500.0),
    row("exec", "mycelium exec, warm daemon", 10.0)
        .above("process")
        .beside("node-start"),
    row(
        "mcp-start",
        "mcp serve until the first call is answered",
        20.0,
    )
    .above("mcp-bare-start")
    .beside("mcp-typescript-start")
    .maximum(20.0),
    row("mcp-bridge", "memory of mcp serve", 4.0)
        .above("mcp-bare")
        .beside("mcp-typescript")
        .maximum(4.0)
        .counting(Unit::Megabytes),
    row("mcp-call", "call over MCP", 1.0).above("socket-call"),
    row("mcp-added", "added by MCP, at the median", 0.5).maximum(0.5),
    row("mcp-client-call", "call of another MCP server", 2.0).above("mcp-direct-call"),
    row("mcp-client-added", "added to that call, at the median", 1.0).maximum(1.0),
    row("mcp-list", "tools/list of 500 skills", 10.0)
        .above("socketpair")
        .maximum(10.0),
    row(
        "mcp-sessions",
        "call beside 49 sessions, 10 a second each",
        10.0,
    )
    .above("mcp-call"),
    row(
        "mcp-sessions-memory",
        "memory of the daemon after them, of before",
        1.05,
    )
    .maximum(1.05)
    .counting(Unit::Multiple),
    row("memory", "memory, daemon and 10 active skills", 40.0)
        .beside("node-memory")
        .maximum(200.0)
        .counting(Unit::Megabytes),
    row(
        "beside",
        "p99 of a call beside a hostile skill, of quiet",
        2.0,
    )
    .maximum(2.0)
    .counting(Unit::Multiple),
    // No maximum: with a single processor it is more (docs/security/limits.md).
    row(
        "beside-program",
        "p99 of a call beside a hostile program, of quiet",
        2.0,
    )
    .counting(Unit::Multiple),
    row(
        "limit-report",
        "end of a worker at a limit until the report",
        50.0,
    )
    .maximum(50.0),
    row(
        "hostile-memory",
        "memory that 1,000 hostile calls leave",
        5.0,
    )
    .maximum(5.0)
    .counting(Unit::Percent),
    row("idle-cpu", "processor use when idle", 0.1)
        .maximum(5.0)
        .counting(Unit::Percent),
];

/// Floors and peers, which have no number to hold.
pub(crate) const REFERENCES: &[(&str, &str)] = &[
    ("direct", "floor: the function called by the skill itself"),
    ("socketpair", "floor: echo over a socketpair, other process"),
    ("open", "floor: open a file, nobody told of it"),
    ("create", "floor: make a file in the private data"),
    ("calls-untold", "1,000 calls that nobody is told of"),
    ("calls-silent", "floor: 1,000 calls, nobody told of any"),
    (
        "socket-call",
        "floor: the same call over the daemon's socket",
    ),
    (
        "mcp-bare-start",
        "floor: a server with rmcp alone, one tool",
    ),
    ("append", "floor: append 512 bytes to a file"),
    ("fsync", "floor: append 512 bytes and put them on disk"),
    ("request-direct", "floor: a loopback request, no broker"),
    ("fork", "floor: fork, exit, wait"),
    (
        "kill-bare",
        "floor: kill 30 bare children and wait for them",
    ),
    ("process", "floor: start `true` and wait"),
    ("node-start", "peer: start Node.js, call, print, end"),
    ("node-pipe", "peer: call a running Node.js by a pipe"),
    ("node-npm", "peer: Node.js loads the same 10 packages"),
];

/// One row of the table, measured or not.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// How long it took; absent for amounts and for what was not measured.
    pub(crate) times: Option<Quantiles>,
    /// How much it is; absent for times and for what was not measured.
    pub(crate) amount: Option<f64>,
    pub(crate) floor: Option<Comparison>,
    pub(crate) peer: Option<Comparison>,
    pub(crate) target: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) aim: f64,
}

/// Something else that was measured in the same run.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) name: &'static str,
    /// Its median.
    pub(crate) p50: f64,
    /// The row's median, in multiples of it.
    pub(crate) ratio: f64,
}

/// How a measured row compares with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Unmeasured,
    WithinAim,
    WithinTarget,
    WithinMaximum,
    TooMuch,
}

impl Outcome {
    /// What is compared with the row's numbers: the 95th percentile, or the amount.
    pub(crate) fn decisive(&self) -> Option<f64> {
        self.times.map(|times| times.p95).or(self.amount)
    }

    /// How the row compares with its numbers.
    pub(crate) fn verdict(&self) -> Verdict {
        let Some(value) = self.decisive() else {
            return Verdict::Unmeasured;
        };
        if value <= self.aim {
            Verdict::WithinAim
        } else if self.target.is_some_and(|target| value <= target) {
            Verdict::WithinTarget
        } else if self.maximum.is_none_or(|maximum| value <= maximum) {
            Verdict::WithinMaximum
        } else {
            Verdict::TooMuch
        }
    }
}

/// All rows with what was measured.
pub(crate) fn results(measured: &Measured) -> Vec<Outcome> {
    let outcome = |row: &Row| {
        let times = measured.times(row.name);
        let amount = measured.amount(row.name);
        let middle = times.map(|times| times.p50).or(amount);
        let compare = |name: Option<&'static str>| {
            let name = name?;
            let times = measured.times(name).map(|times| times.p50);
            let p50 = times.or_else(|| measured.amount(name))?;
            Some(Comparison {
                name,
                p50,
                ratio: middle? / p50,
            })
        };
        Outcome {
            name: row.name,
            title: row.title,
            unit: row.unit,
            times,
            amount,
            floor: compare(row.floor),
            peer: compare(row.peer),
            target: row.target,
            maximum: row.maximum,
            aim: row.aim,
        }
    };
    ROWS.iter().map(outcome).collect()
}

/// What takes more than it may.
pub(crate) fn too_slow(results: &[Outcome]) -> Vec<String> {
    let over = |outcome: &&Outcome| outcome.verdict() == Verdict::TooMuch;
    let finding = |outcome: &Outcome| {
        format!(
            "{}: {:.2} {unit}, at most {:.2} {unit} are allowed",
            outcome.title,
            outcome.decisive().unwrap_or(f64::NAN),
            outcome.maximum.unwrap_or(f64::NAN),
            unit = outcome.unit.as_str(),
        )
    };
    results.iter().filter(over).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(lines: &[&str]) -> Measured {
        let mut measured = Measured::default();
        for line in lines {
            measured.hear(line).unwrap();
        }
        measured
    }

    fn verdict(line: &str, name: &str) -> Verdict {
        let results = results(&measured(&[line]));
        let outcome = results.iter().find(|outcome| outcome.name == name);
        outcome.unwrap().verdict()
    }

    #[test]
    fn a_row_is_compared_with_its_numbers() {
        for (milliseconds, expected) in [
            (0.1, Verdict::WithinAim),
            (4.0, Verdict::WithinTarget),
            (6.0, Verdict::WithinMaximum),
            (21.0, Verdict::TooMuch),
        ] {
            let line = format!(r#"{{"measured": "call", "milliseconds": [{milliseconds}]}}"#);
            assert_eq!(verdict(&line, "call"), expected, "{milliseconds}");
        }
        assert_eq!(
            verdict(r#"{"measured": "idle-cpu", "amount": 6}"#, "idle-cpu"),
            Verdict::TooMuch
        );
        assert_eq!(verdict("", "call"), Verdict::Unmeasured);
    }

    #[test]
    fn the_floor_is_a_ratio() {
        let results = results(&measured(&[
            r#"{"measured": "call", "milliseconds": [0.06]}"#,
            r#"{"measured": "socketpair", "milliseconds": [0.03]}"#,
        ]));
        let call = results.iter().find(|row| row.name == "call").unwrap();
        let floor = call.floor.as_ref().unwrap();
        assert_eq!((floor.name, floor.ratio), ("socketpair", 2.0));
        assert!(call.peer.is_none());
    }

    #[test]
    fn only_what_is_over_the_maximum_fails() {
        let results = results(&measured(&[
            r#"{"measured": "call", "milliseconds": [100]}"#,
            r#"{"measured": "search-100000", "milliseconds": [100]}"#,
        ]));
        let findings = too_slow(&results);
        assert_eq!(
            findings,
            ["call overhead over a direct call: 100.00 ms, at most 20.00 ms are allowed"]
        );
    }
}
