//! Tables of expressions that use the network, whose results must be the same on Node.js.
//!
//! Their form is that of `crates/worker/tests/differential`, and so is the program that evaluates them.

use std::path::Path;

use serde_json::json;

use super::Host;
use super::World;
use super::network;

const PROGRAM: &str = include_str!("../../../../worker/tests/suite/differential.js");
const PRELUDE: &str = include_str!("../../network/prelude.js");
const TABLES: [(&str, &str); 2] = [
    ("fetch", include_str!("../../network/fetch.txt")),
    ("http", include_str!("../../network/http.txt")),
];

/// A row, and why it is known to give something else.
type Row<'a> = (&'a str, Option<&'a str>);

fn rows(table: &str) -> Vec<Row<'_>> {
    let mut difference = None;
    let mut rows = Vec::new();
    for line in table.lines() {
        if let Some(reason) = line.strip_prefix("#~") {
            difference = Some(reason.trim());
        } else if !line.is_empty() && !line.starts_with('#') {
            rows.push((line, difference.take()));
        }
    }
    rows
}

#[expect(
    clippy::disallowed_methods,
    reason = "the reference is a program that is no part of the project"
)]
fn on_node(folder: &Path, rows: &[&str], url: &str) -> Result<Vec<String>, String> {
    let node = |arguments: &[&str]| {
        let output = std::process::Command::new("node")
            .args(arguments)
            .env_remove("NODE_OPTIONS")
            .env("TZ", "UTC")
            .output()
            .map_err(|error| format!("node does not start: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let version = node(&["--version"])?;
    if !version.starts_with("v20.") {
        return Err(format!("node is {version}, and the reference is v20"));
    }
    let script = format!(
        "{PRELUDE}\n(async (rows, scratch) => {{\n{PROGRAM}\n}})({}, {}).then((results) =>\n  \
         process.stdout.write(JSON.stringify(results), () => process.exit(0)));\n",
        json!(rows),
        json!(url)
    );
    let file = folder.join("table.cjs");
    fs_err::write(&file, script).unwrap();
    let output = node(&["--no-warnings", &file.to_string_lossy()])?;
    serde_json::from_str(&output).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_and_http_do_as_nodes_do() {
    let host = Host::start();
    let localhost = format!("localhost:{}", host.port());
    let hosts = [host.place(), localhost, "127.0.0.1:4".to_owned()];
    let mut faults = Vec::new();
    for (name, table) in TABLES {
        let rows = rows(table);
        let expressions: Vec<_> = rows.iter().map(|(expression, _)| *expression).collect();
        let folder = tempfile::tempdir().unwrap();
        let node = match on_node(folder.path(), &expressions, &host.url()) {
            Ok(results) => results,
            Err(reason) => {
                eprintln!("not compared with Node.js: {reason}");
                #[expect(clippy::disallowed_methods, reason = "the test run's own switch")]
                let required = std::env::var("MYCELIUM_TEST_REQUIRE").as_deref() == Ok("all");
                assert!(!required, "{reason}");
                return;
            }
        };
        let world = World::new();
        world.skill(
            "table",
            json!({"exports": ["run"], "permissions": [network(&hosts)]}),
            &format!("{PRELUDE}\nexports.run = async (rows, scratch) => {{\n{PROGRAM}\n}};\n"),
        );
        world.trust("table").await;
        let results = world
            .value("table", "run", json!([expressions, host.url()]))
            .await;
        let engine: Vec<String> = serde_json::from_value(results).unwrap();
        for ((expression, difference), (node, engine)) in rows.iter().zip(node.iter().zip(&engine))
        {
            if (node == engine) == difference.is_some() {
                faults.push(format!(
                    "{name}: {expression}\n    node:   {node}\n    engine: {engine}"
                ));
            }
        }
        world.runtime.shutdown().await;
    }
    assert!(faults.is_empty(), "{}\n", faults.join("\n\n"));
}
