//! The module system against real Node: one tree of packages, every way to name what is in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

const FIXTURE: &str = include_str!("../modules/fixture.txt");
const PROBE: &str = include_str!("../modules/probe.js");

/// Cases in which the engine differs from Node 20, with the reason.
const DIFFERENCES: &[(&str, &str)] = &[
    ("import ./lib/bad.json", JSON_ATTRIBUTE),
    ("import ./lib/data.json", JSON_ATTRIBUTE),
    ("import ./lib/interop/getter.js", MORE_NAMES),
    ("import ./lib/interop/plain.js", MORE_NAMES),
    ("import ./lib/interop/reexport.js", MORE_NAMES),
    ("import @scope/pkg/json", JSON_ATTRIBUTE),
    ("import data:text/javascript,1", SCHEMES),
    ("import dep/package.json", JSON_ATTRIBUTE),
    ("import https://example.org/x.js", SCHEMES),
    ("import nomain", JSON_ATTRIBUTE),
    ("info", "require.main is a module only in a loaded skill"),
    ("require ./lib/brokenpkg", BROKEN_PACKAGE),
    ("require ./lib/esm-imports-tla.mjs", ASYNCHRONOUS),
    ("require ./lib/esm-tla.mjs", ASYNCHRONOUS),
    ("resolve ./lib/brokenpkg", BROKEN_PACKAGE),
];

const ASYNCHRONOUS: &str = "an ES module that awaits is started before require refuses it, and Node's option to find it is not named";
const BROKEN_PACKAGE: &str =
    "a package.json that is not JSON has the error code that import gives it in Node";
const JSON_ATTRIBUTE: &str =
    "JSON can be imported without an attribute, because bytecode does not keep attributes";
const MORE_NAMES: &str =
    "more of the names of a CommonJS module are found than Node's heuristics find";
const SCHEMES: &str = "there are no data: modules";

/// Writes the files of the fixture, each after a line `--- path`.
fn write_tree(root: &Path) {
    for part in FIXTURE.split("--- ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap();
        let path = root.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    fs_err::write(root.join("probe.js"), PROBE).unwrap();
}

fn on_engine(root: &Path) -> BTreeMap<String, String> {
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    let results = engine
        .evaluate("return require('./probe.js')()", &root.join("run.js"))
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    serde_json::from_str(&results).unwrap()
}

fn on_node(root: &Path) -> Result<BTreeMap<String, String>, String> {
    let start = "require('./probe.js')().then((r) => console.log(JSON.stringify(r)))";
    fs_err::write(root.join("start.js"), start).unwrap();
    let output = super::reference::run(root, "start.js")?;
    serde_json::from_str(&output).map_err(|error| error.to_string())
}

#[test]
fn finds_and_loads_modules_as_node_does() {
    let folder = tempfile::tempdir().unwrap();
    let root: PathBuf = fs_err::canonicalize(folder.path()).unwrap();
    write_tree(&root);
    let expected = match on_node(&root) {
        Ok(expected) => expected,
        Err(reason) => {
            super::reference::missing(&reason);
            return;
        }
    };
    let actual = on_engine(&root);
    let mut differences = Vec::new();
    for (case, expected) in &expected {
        let actual = actual.get(case).map_or("missing", String::as_str);
        let known = DIFFERENCES.iter().find(|(known, _)| known == case);
        match known {
            None if actual != expected => {
                differences.push(format!("{case}\n  node:   {expected}\n  engine: {actual}"))
            }
            Some((_, reason)) if actual == expected => {
                differences.push(format!("{case} does not differ any more: {reason}"));
            }
            None | Some(_) => {}
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {} cases differ\n{}",
        differences.len(),
        expected.len(),
        differences.join("\n")
    );
}
