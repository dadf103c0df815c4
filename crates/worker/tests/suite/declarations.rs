//! TypeScript's declarations of `mycelium`: they name what there is, and a compiler takes them.

use std::path::Path;
use std::path::PathBuf;

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

use super::reference::missing;

/// Names the file `bin/tsc` of an installed TypeScript.
const TYPESCRIPT: &str = "MYCELIUM_TEST_TYPESCRIPT";

fn declarations() -> PathBuf {
    fs_err::canonicalize("../../types/mycelium.d.ts").unwrap()
}

#[test]
fn the_declarations_name_what_the_module_exports() {
    let text = fs_err::read_to_string(declarations()).unwrap();
    let mut declared: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let line = line.trim();
            line.strip_prefix("export const ")
                .or_else(|| line.strip_prefix("export function "))
        })
        .filter_map(|rest| rest.split([':', '<', '(']).next())
        .collect();
    declared.sort_unstable();
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    let exported = engine
        .evaluate(
            "return Object.keys(require('mycelium')).sort()",
            Path::new("/declarations.js"),
        )
        .unwrap();
    let exported: Vec<String> = serde_json::from_str(&exported).unwrap();
    assert_eq!(exported, declared);
}

#[allow(
    clippy::disallowed_methods,
    reason = "the compiler is a program that is no part of the project, and a variable says where it is"
)]
#[test]
fn a_compiler_takes_a_skill_and_finds_its_mistakes() {
    let Some(compiler) = std::env::var_os(TYPESCRIPT) else {
        return missing("there is no TypeScript; `cargo xtask test` fetches it");
    };
    let folder = fs_err::canonicalize("tests/declarations").unwrap();
    let compile = |file: &str| {
        let output = std::process::Command::new("node")
            .arg(&compiler)
            .args(["--noEmit", "--strict", "--target", "es2023"])
            .args(["--module", "esnext", "--moduleResolution", "bundler"])
            .args(["--pretty", "false"])
            .arg(declarations())
            .arg(folder.join(file))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(compile("good.ts"), "");
    let found = compile("bad.ts");
    let text = fs_err::read_to_string(folder.join("bad.ts")).unwrap();
    for (number, _) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.ends_with(';') && !line.starts_with("import"))
    {
        let place = format!("bad.ts({},", number + 1);
        assert!(found.contains(&place), "{place} is missing in {found}");
    }
}
