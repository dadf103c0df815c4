//! Every builtin of Node can be required; what is not supported fails when it is used, not before.

use std::collections::BTreeMap;

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

/// The functions of every builtin, by the builtin's name.
const LIST: &str = "
const { builtinModules } = require('module');
const listed = {};
for (const name of [...builtinModules, 'node:sea', 'node:test', 'node:test/reporters']) {
  const value = require(name);
  listed[name] = Object.getOwnPropertyNames(value)
    .filter((key) => !key.startsWith('_') && !['length', 'name', 'prototype', 'arguments', 'caller'].includes(key))
    .filter((key) => typeof value[key] === 'function')
    .sort();
}
return listed;";

/// Uses every function of a builtin that is not supported, in each way that there is.
const USE: &str = "
const { builtinModules } = require('module');
const wrong = [];
let used = 0;
for (const name of [...builtinModules, 'node:sea', 'node:sqlite', 'node:test', 'node:test/reporters']) {
  for (const [key, member] of Object.entries(require(name))) {
    const mark = typeof member === 'function' && Object.getOwnPropertySymbols(member).find((s) => s.description === 'unsupported');
    if (!mark) continue;
    class Extended extends member {}
    for (const use of [() => member(), () => new member(), () => new Extended()]) {
      used++;
      try { use(); wrong.push(`${name}.${key} did not throw`); } catch (error) {
        if (error.code !== 'ERR_UNSUPPORTED_BY_ENGINE' || !error.message.includes('\"engine\": \"node\"')) wrong.push(String(error));
      }
    }
  }
}
for (const use of [() => new MessageChannel(), () => new Intl.NumberFormat(), () => new Intl.DateTimeFormat().format()]) {
  used++;
  try { await use(); wrong.push(`${use} did not throw`); } catch (error) {
    if (error.code !== 'ERR_UNSUPPORTED_BY_ENGINE') wrong.push(`${use}: ${error}`);
  }
}
return { used, wrong };";

/// Functions that Node has and that need not be here, with the reason.
const MISSING: &[(&str, &str)] = &[
    (
        "assert.CallTracker",
        "deprecated, and gone from later versions",
    ),
    (
        "assert/strict.CallTracker",
        "deprecated, and gone from later versions",
    ),
    ("buffer.resolveObjectURL", "there are no object URLs"),
    ("console.context", "part of V8's inspector"),
    ("console.createTask", "part of V8's inspector"),
    (
        "crypto.createCipher",
        "deprecated, and gone from later versions",
    ),
    (
        "crypto.createDecipher",
        "deprecated, and gone from later versions",
    ),
    ("path.matchesGlob", "experimental"),
    ("path/posix.matchesGlob", "experimental"),
    ("path/win32.matchesGlob", "experimental"),
];

fn evaluate(text: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    let result = engine
        .evaluate(text, &folder.path().join("test.js"))
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    serde_json::from_str(&result).unwrap()
}

#[test]
fn what_is_not_supported_fails_when_it_is_used() {
    let result = evaluate(USE);
    assert_eq!(result["wrong"], serde_json::json!([]));
    assert!(result["used"].as_u64().unwrap() > 500, "{}", result["used"]);
}

#[test]
fn every_builtin_has_the_functions_of_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("console.log(JSON.stringify((() => {{ {LIST} }})()))");
    fs_err::write(folder.path().join("list.js"), script).unwrap();
    let node = match super::reference::run(folder.path(), "list.js") {
        Ok(node) => node,
        Err(reason) => {
            super::reference::missing(&reason);
            return;
        }
    };
    let node: BTreeMap<String, Vec<String>> = serde_json::from_str(&node).unwrap();
    let engine: BTreeMap<String, Vec<String>> = serde_json::from_value(evaluate(LIST)).unwrap();
    let mut missing = Vec::new();
    for (name, functions) in &node {
        let ours = engine.get(name);
        for function in functions {
            let there = ours.is_some_and(|ours| ours.contains(function));
            let member = format!("{name}.{function}");
            if !there && !MISSING.iter().any(|(known, _)| *known == member) {
                missing.push(member);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} are missing: {missing:?}",
        missing.len()
    );
}

#[test]
fn a_small_program_loads_only_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(
        folder.path().join("skill.js"),
        "let count = 0;
         module.exports = { async greet(name) { console.log('greeting', name); await null; return `Hello, ${name}! (#${++count})`; } };",
    )
    .unwrap();
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    let loaded = engine
        .evaluate(
            "await require('./skill.js').greet('you'); setTimeout(() => {}, 1); return process.moduleLoadList",
            &folder.path().join("test.js"),
        )
        .unwrap();
    let loaded: Vec<String> = serde_json::from_str(&loaded).unwrap();
    for large in [
        "util",
        "internal/util/inspect",
        "buffer",
        "events",
        "stream",
        "fs",
        "url",
        "path",
    ] {
        let name = format!("NativeModule {large}");
        assert!(!loaded.contains(&name), "{name} in {loaded:?}");
    }
}
