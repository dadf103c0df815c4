//! Which skills work here.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use mycelium_loader::EngineProbe;
use mycelium_loader::LoadError;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Version;

use super::support::Fixture;
use super::support::MANIFEST;

/// The reasons for which a skill with these fields added does not load; none if it does.
fn reasons(fixture: &Fixture, fields: &str) -> Vec<String> {
    let manifest = MANIFEST.replacen('{', &format!("{{{fields},"), 1);
    fixture.write("skill.json", manifest);
    match fixture.load() {
        Ok(_) => Vec::new(),
        Err(LoadError::Incompatible { skill, reasons }) => {
            assert_eq!(skill.to_string(), "hello-world@1.0.0");
            reasons.iter().map(|r| r.render(Locale::EnUs)).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn ranges_and_platforms_are_checked() {
    let fixture = Fixture::hello();
    for fits in [
        r#""compatibility": {"mycelium": ">=1.2"}"#,
        r#""compatibility": {"os": ["macos", "linux"], "arch": ["x86_64"]}"#,
        r#""compatibility": {"node": ">=99", "python": "<1"}"#,
        r#""engine": "quickjs""#,
    ] {
        assert_eq!(reasons(&fixture, fits), [""; 0], "{fits}");
    }
    assert_eq!(
        reasons(
            &fixture,
            r#""compatibility": {"mycelium": "^2", "os": ["windows", "macos"], "arch": ["aarch64"]}"#
        ),
        [
            "it needs Mycelium ^2, and this is 1.4.0",
            "it is made for windows, macos, and this machine runs linux",
            "it is made for aarch64, and this machine is x86_64",
        ]
    );
}

#[test]
fn engines_that_do_not_exist_yet_are_named() {
    for (engine, entrypoint, expected) in [
        (
            "node",
            "index.js",
            "it needs the engine `node`, which this version of Mycelium does not have",
        ),
        (
            "python",
            "main.py",
            "it needs the engine `python`, which this version of Mycelium does not have",
        ),
        (
            "auto",
            "main.py",
            "it needs the engine `python`, which this version of Mycelium does not have",
        ),
        (
            "auto",
            "main.wasm",
            "it needs the engine `wasm`, which this version of Mycelium does not have",
        ),
        (
            "auto",
            "main.ts",
            "its entrypoint main.ts is TypeScript, for which this version of Mycelium has no engine",
        ),
        (
            "quickjs",
            "main.ts",
            "its entrypoint main.ts is TypeScript, for which this version of Mycelium has no engine",
        ),
        (
            "quickjs",
            "main.py",
            "no engine runs its entrypoint main.py: the engine `quickjs` runs .js, .cjs and .mjs files, the engine `native` runs programs",
        ),
        (
            "auto",
            "main.rb",
            "no engine runs its entrypoint main.rb: the engine `quickjs` runs .js, .cjs and .mjs files, the engine `native` runs programs",
        ),
    ] {
        let fixture = Fixture::empty();
        fixture.write(entrypoint, "");
        let manifest = MANIFEST.replace("index.js", entrypoint).replacen(
            '{',
            &format!(r#"{{"engine": "{engine}","#),
            1,
        );
        fixture.write("skill.json", manifest);
        let report = ErrorReport::from(fixture.load().unwrap_err());
        assert_eq!(
            report.code,
            ErrorCode::Incompatible,
            "{engine} {entrypoint}"
        );
        assert_eq!(report.context["reason"], expected);
    }
}

struct CountingProbe(Arc<AtomicUsize>);

impl EngineProbe for CountingProbe {
    fn node(&self) -> Option<Version> {
        self.0.fetch_add(1, Ordering::Relaxed);
        "18.19.0".parse().ok()
    }

    fn python(&self) -> Option<Version> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[test]
fn engines_are_probed_only_for_skills_that_need_them() {
    let probes = Arc::new(AtomicUsize::new(0));
    let fixture = Fixture::with_probe(Box::new(CountingProbe(Arc::clone(&probes))));
    fixture.write("index.js", "");
    let ranges = r#""compatibility": {"node": ">=20", "python": ">=3.10"}"#;
    assert_eq!(reasons(&fixture, ranges), [""; 0]);
    assert_eq!(probes.load(Ordering::Relaxed), 0);

    let node = reasons(&fixture, &format!(r#""engine": "node", {ranges}"#));
    assert_eq!(
        node[0],
        "it needs Node.js >=20, and this machine has 18.19.0"
    );
    let python = reasons(&fixture, &format!(r#""engine": "python", {ranges}"#));
    assert_eq!(
        python[0],
        "it needs Python >=3.10, and this machine has none"
    );
    assert_eq!(probes.load(Ordering::Relaxed), 2);
}

#[test]
fn a_variant_chooses_the_entrypoint() {
    let fixture = Fixture::hello();
    fixture.write("linux.mjs", "export function greet() {}");
    let variants = r#""variants": [
        {"os": ["macos"], "entrypoint": "mac.js"},
        {"os": ["linux"], "arch": ["x86_64"], "entrypoint": "linux.mjs"}
    ]"#;
    assert_eq!(reasons(&fixture, variants), [""; 0]);
    let skill = fixture.load().unwrap();
    assert!(skill.entrypoint().ends_with("linux.mjs"));
}
