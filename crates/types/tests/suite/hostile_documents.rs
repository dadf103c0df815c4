//! Any bytes at all: refused or read, never a panic, never unbounded work.

use std::thread;

use mycelium_types::Diagnostic;
use mycelium_types::Manifest;
use mycelium_types::Node;
use mycelium_types::Syntax;
use mycelium_types::Version;
use mycelium_types::VersionRange;
use mycelium_types::manifest_schema;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

fn full_manifest() -> String {
    let manifest = json!({
        "name": "full", "version": "1.2.3-rc.1+x", "description": "Everything at once.",
        "entrypoint": "src/index.js",
        "exports": ["a", {"name": "b", "parameters": {"type": "object"}, "readOnly": true}],
        "author": {"name": "Ann", "email": "a@b.c"}, "license": "MIT",
        "dependencies": [{"name": "lodash", "version": "^4", "type": "npm", "optional": true}],
        "permissions": [
            {"type": "filesystem", "paths": ["./é"], "access": "write"},
            {"type": "network", "hosts": ["*.example.org:443"], "methods": ["GET"], "reason": "Why."}
        ],
        "tags": ["x"], "category": "y", "homepage": "https://example.org/z",
        "engine": "quickjs", "instance": "call",
        "compatibility": {"mycelium": ">=0.1", "os": ["linux"]},
        "variants": [{"os": ["macos"], "entrypoint": "mac.js"}],
        "config": {"type": "object"}, "limits": {"memoryMB": 100},
        "hooks": ["onInit"], "deprecated": {"message": "old", "since": "1.0.0"},
        "descriptions": {"de-DE": "Alles."}, "idempotent": true, "protocol": "worker"
    });
    serde_json::to_string_pretty(&manifest).unwrap()
}

#[test]
fn the_manifest_to_be_broken_is_whole() {
    let reading = Manifest::read(full_manifest().as_bytes(), "skill.json");
    assert!(reading.manifest.is_some());
    assert_eq!(reading.diagnostics, []);
}

/// What holds for every reading.
fn check(bytes: &[u8]) {
    let reading = Manifest::read(bytes, "skill.json");
    let is_error = |d: &Diagnostic| d.severity == mycelium_types::Severity::Error;
    assert_eq!(
        reading.manifest.is_some(),
        !reading.diagnostics.iter().any(is_error)
    );
    for diagnostic in &reading.diagnostics {
        assert!(
            !diagnostic.message.is_empty() && diagnostic.help.is_some(),
            "{diagnostic:?}"
        );
        let rendered = diagnostic.render(mycelium_types::Locale::EnUs);
        assert!(rendered.len() < 2000, "{rendered}");
        assert!(!rendered.contains("{$"), "{rendered}");
    }
}

#[test]
fn a_hundred_megabytes_and_ten_thousand_arrays_are_refused_on_a_small_stack() {
    let nested = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let objects = b"{\"a\":".repeat(10_000);
    let unclosed_string = [b"\"".to_vec(), vec![b'\\'; 1 << 19]].concat();
    let huge = vec![b'['; 100 << 20];
    let small_stack = thread::Builder::new().stack_size(256 << 10);
    let reader = small_stack.spawn(move || {
        for bytes in [&nested, &objects, &unclosed_string, &huge] {
            let reading = Manifest::read(bytes, "skill.json");
            assert_eq!(reading.manifest, None);
            assert_eq!(reading.diagnostics.len(), 1);
        }
        let deepest = [b"[".repeat(64), b"]".repeat(64)].concat();
        let reading = Manifest::read(&deepest, "skill.json");
        assert!(reading.diagnostics[0].message.contains("not a list"));
    });
    reader.unwrap().join().unwrap();
}

#[test]
fn a_flood_of_remarks_is_cut() {
    let members: Vec<_> = (0..9_000).map(|i| format!("\"x{i}\":1")).collect();
    let text = format!("{{{}}}", members.join(","));
    let reading = Manifest::read(text.as_bytes(), "skill.json");
    assert!(reading.diagnostics.len() < 250);
    // The five that matter are not crowded out by the thousands that do not.
    let missing = reading
        .diagnostics
        .iter()
        .filter(|d| d.severity == mycelium_types::Severity::Error);
    assert_eq!(missing.count(), 5);
}

/// JSON with the mistakes people make, so that most inputs get past the parser's first token.
fn json_like() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"name\"",
        "\"permissions\"",
        "\"type\"",
        "\"exports\"",
        "1",
        "-0",
        "01",
        "1.5e3",
        "1e999",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "\t",
        "// c\n",
        "/* c */",
        "'",
        "\\",
        "\\u00e9",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "é",
        "😀",
        "\u{a0}",
        "\u{b}",
        "\u{feff}",
        "\0",
        "+1",
        ".5",
        "0x1",
        "NaN",
        "word",
        "\"\t\"",
        "\r",
    ]);
    vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        check(&bytes);
    }

    #[test]
    fn anything_like_json(text in json_like()) {
        check(text.as_bytes());
    }

    #[test]
    fn json_is_what_serde_says_it_is(text in json_like()) {
        let (node, _) = Node::read(text.as_bytes(), "f", Syntax::Json);
        let mark = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let reference = serde_json::from_str::<Value>(mark).ok();
        prop_assert_eq!(node.map(|node| node.to_json()), reference, "{:?}", text);
    }

    #[test]
    fn any_version_or_range(text in "[0-9xX*^~<>=|. v+a-]{0,40}", large in "[0-9.^<>=-]{200,300}") {
        for text in [text, large, format!("^{}", i64::MAX), format!("~{0}.{0}.{0}", u64::MAX)] {
            if let Ok(range) = text.parse::<VersionRange>() {
                prop_assert_eq!(range.to_string(), text.as_str());
                let _ = range.contains(&"1.0.0".parse().unwrap());
            }
            if let Ok(version) = text.parse::<Version>() {
                prop_assert_eq!(version.to_string(), text.as_str());
            }
        }
    }

    #[test]
    fn a_manifest_with_some_bytes_changed(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = full_manifest().into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        check(&bytes);
    }

    #[test]
    fn a_manifest_with_pieces_cut_out(
        cuts in vec((any::<prop::sample::Index>(), 1_usize..40), 1..4),
    ) {
        let mut bytes = full_manifest().into_bytes();
        for (place, length) in cuts {
            let start = place.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.drain(start..end);
        }
        check(&bytes);
    }

    /// One value somewhere in a valid manifest is replaced: reader and schema agree on the result.
    #[test]
    fn a_manifest_with_one_value_replaced(place in any::<prop::sample::Index>(), value in odd_value()) {
        let mut manifest: Value = serde_json::from_str(&full_manifest()).unwrap();
        let places = places(&manifest);
        let place = &places[place.index(places.len())];
        *manifest.pointer_mut(place).unwrap() = value;
        let text = manifest.to_string();
        check(text.as_bytes());
        let reading = Manifest::read(text.as_bytes(), "skill.json");
        SCHEMA.with(|schema| {
            // The schema may take what the reader refuses (see `manifest::schema`), never the reverse.
            if reading.manifest.is_some() {
                let problem = schema.validate(&manifest).err().map(|e| e.to_string());
                prop_assert_eq!(problem, None, "{}", text);
            }
            Ok(())
        })?;
    }
}

thread_local! {
    static SCHEMA: jsonschema::Validator = jsonschema::validator_for(&manifest_schema()).unwrap();
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(100.0),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("x"),
        json!("X y"),
        json!("a\tb"),
        json!("a\nb"),
        json!("\u{202e}"),
        json!("../x"),
        json!("1.0.0"),
        json!("^1"),
        json!("read"),
        json!([]),
        json!({}),
        json!(["x"]),
        json!({"name": "x"}),
        json!({"type": "git", "access": "read"}),
    ])
}

/// The JSON pointers of all values below the top.
fn places(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (name, child) in children {
        all.push(format!("/{name}"));
        all.extend(places(child).into_iter().map(|p| format!("/{name}{p}")));
    }
    all
}
