//! The builtins against real Node: tables of expressions whose results must be the same on both.
//!
//! A row of `tests/differential/NAME.txt` is one JavaScript expression on one line; `#` starts a comment. A row below a
//! line `#~ REASON` is a documented difference: there the results must not be the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

/// What runs the rows of one table, on either side.
const PROGRAM: &str = include_str!("differential.js");

/// The version of Node whose behaviour the builtins follow.
const REFERENCE: &str = "v20.";

/// What the program gives for a row whose promise is still pending after a while.
const UNSETTLED: &str = "throws Error \"the row never settles\"";

struct Row {
    line: usize,
    expression: String,
    /// Why the results are known to differ.
    difference: Option<String>,
}

fn folder() -> PathBuf {
    fs_err::canonicalize("tests/differential").unwrap()
}

fn parse(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut difference = None;
    for (index, line) in text.lines().enumerate() {
        if let Some(reason) = line.strip_prefix("#~") {
            difference = Some(reason.trim().to_owned());
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            rows.push(Row {
                line: index + 1,
                expression: line.to_owned(),
                difference: difference.take(),
            });
        }
    }
    rows
}

fn tables() -> BTreeMap<String, Vec<Row>> {
    let mut tables = BTreeMap::new();
    for entry in fs_err::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            tables.insert(name, parse(&fs_err::read_to_string(&path).unwrap()));
        }
    }
    tables
}

/// The program for one table: an async function's body that gives the list of results.
fn program(rows: &[Row], scratch: &Path) -> String {
    let expressions: Vec<&str> = rows.iter().map(|row| row.expression.as_str()).collect();
    format!(
        "const rows = {};\nconst scratch = {};\n{PROGRAM}",
        serde_json::to_string(&expressions).unwrap(),
        serde_json::to_string(scratch).unwrap(),
    )
}

fn on_engine(rows: &[Row]) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    let source = program(rows, scratch.path());
    let mut engine = Engine::new(EngineOptions::default()).expect("the engine starts");
    let results = engine
        .evaluate(&source, &scratch.path().join("table.js"))
        .unwrap_or_else(|failure| panic!("the table could not be evaluated: {failure:?}"));
    serde_json::from_str(&results).unwrap()
}

/// The results of every table on Node, or why there are none.
fn on_node(tables: &BTreeMap<String, Vec<Row>>) -> Result<BTreeMap<String, Vec<String>>, String> {
    let scratch = tempfile::tempdir().unwrap();
    let mut source = String::from("const results = {};\n(async () => {\n");
    // Node marks every promise once something followed one asynchronously, and `inspect` shows the marks:
    // that table comes first.
    let (first, last): (Vec<_>, Vec<_>) = tables
        .iter()
        .partition(|(name, _)| name.as_str() == "inspect");
    for (name, rows) in first.into_iter().chain(last) {
        let folder = scratch.path().join(name);
        fs_err::create_dir(&folder).unwrap();
        let body = program(rows, &folder);
        writeln!(
            source,
            "results[{name:?}] = await (async () => {{\n{body}\n}})();"
        )
        .unwrap();
    }
    // The exit waits until everything is written: a pipe takes 64 KiB at once.
    source
        .push_str("process.stdout.write(JSON.stringify(results), () => process.exit(0));\n})();\n");
    let file = scratch.path().join("tables.cjs");
    fs_err::write(&file, source).unwrap();

    let version = run_node(&["--version"])?;
    if !version.starts_with(REFERENCE) {
        return Err(format!(
            "node is {}, and the reference is {REFERENCE}x",
            version.trim()
        ));
    }
    let output = run_node(&["--no-warnings", &file.to_string_lossy()])?;
    serde_json::from_str(&output).map_err(|error| format!("node's output is no JSON: {error}"))
}

#[allow(
    clippy::disallowed_methods,
    reason = "the test compares with a program that is not part of the project"
)]
fn run_node(arguments: &[&str]) -> Result<String, String> {
    let output = std::process::Command::new("node")
        .args(arguments)
        .env_remove("NODE_OPTIONS")
        .env("TZ", "UTC")
        .output()
        .map_err(|error| format!("node does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "node failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// The rows of one table that are not as they should be, with both results.
fn compare(table: &str, rows: &[Row], node: &[String], engine: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (row, (node, engine)) in rows.iter().zip(node.iter().zip(engine)) {
        let place = format!("{table}.txt:{}: {}", row.line, row.expression);
        if node == UNSETTLED {
            faults.push(format!(
                "{place}\n    never settles on Node, so it shows nothing"
            ));
            continue;
        }
        match &row.difference {
            None if node != engine => {
                faults.push(format!("{place}\n    node:   {node}\n    engine: {engine}"));
            }
            Some(reason) if node == engine => faults.push(format!(
                "{place}\n    is marked as different ({reason}), but both give {node}"
            )),
            _ => {}
        }
    }
    faults
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the variable is the test run's own switch, not configuration"
)]
fn builtins_do_as_node_does() {
    let tables = tables();
    let node = match on_node(&tables) {
        Ok(results) => results,
        Err(reason) => {
            eprintln!("the builtins are not compared with Node: {reason}");
            let required = std::env::var("MYCELIUM_TEST_REQUIRE").as_deref() == Ok("all");
            assert!(!required, "{reason}");
            return;
        }
    };
    let mut faults = Vec::new();
    let mut count = 0;
    for (name, rows) in &tables {
        count += rows.len();
        let engine = on_engine(rows);
        assert_eq!(engine.len(), rows.len(), "{name}: one result for each row");
        faults.extend(compare(name, rows, &node[name], &engine));
    }
    eprintln!("{count} rows in {} tables", tables.len());
    assert!(
        faults.is_empty(),
        "{} of {count} rows are not as on Node:\n\n{}\n",
        faults.len(),
        faults.join("\n\n")
    );
}

#[test]
fn a_marker_belongs_to_the_row_below_it() {
    let rows = parse("# comment\n1\n#~ because\n2\n\n3\n");
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.line, row.expression.as_str(), row.difference.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [(2, "1", None), (4, "2", Some("because")), (6, "3", None)]
    );
}

#[test]
fn every_kind_of_fault_is_reported() {
    let rows = parse("same\nother\n#~ known\nknown\n#~ fixed\nfixed\nstuck\n");
    let node = ["1", "2", "3", "4", UNSETTLED].map(str::to_owned);
    let engine = ["1", "two", "three", "4", UNSETTLED].map(str::to_owned);
    let faults = compare("table", &rows, &node, &engine);
    assert_eq!(faults.len(), 3);
    assert!(faults[0].starts_with("table.txt:2: other"));
    assert!(faults[1].contains("marked as different (fixed)"));
    assert!(faults[2].contains("never settles"));
}
