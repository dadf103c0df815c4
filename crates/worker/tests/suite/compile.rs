//! The compile worker's packs: what is compiled, that it is used, and that damage does no harm.

use std::path::Path;
use std::path::PathBuf;

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;
use mycelium_worker::compile;

const STACK: usize = 1 << 20;

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
}

fn evaluate(root: &Path, pack: Option<PathBuf>, text: &str) -> serde_json::Value {
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    engine.use_folders(pack, None);
    let result = engine
        .evaluate(text, &root.join("test.js"))
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    serde_json::from_str(&result).unwrap()
}

/// Files of every kind.
const FILES: &[(&str, &str)] = &[
    (
        "a.js",
        "exports.f = function named() { return new Error('x').stack.split('\\n')[1].trim(); };",
    ),
    (
        "b.mjs",
        "import { f } from './a.js';\nimport data from './d.json' with { type: 'json' };\nexport { f };\nexport const g = () => [import.meta.filename, data];",
    ),
    ("c.cjs", "#!/usr/bin/env node\nmodule.exports = () => 'c';"),
    ("d.json", "{\"d\": 1}"),
    ("esm/package.json", "{\"type\": \"module\"}"),
    (
        "esm/x.js",
        "export * from '../b.mjs';\nexport default await Promise.resolve('x');",
    ),
    ("unknown.js", "export const u = () => 'u';"),
    (
        "class.js",
        "module.exports = class Named extends Array { constructor(a) { super(); } m() {} };",
    ),
    ("bad.js", "const a = ;"),
    (
        "never.js",
        "globalThis.evaluated = true; throw new Error('evaluated');",
    ),
    (
        "node_modules/dep/index.js",
        "module.exports = () => require('./lib');",
    ),
    ("node_modules/dep/lib.js", "module.exports = 'lib';"),
];

const PROBE: &str = "
const a = require('./a.js'), c = require('./c.cjs'), u = require('./unknown.js'), dep = require('dep');
const b = require('./b.mjs'), x = await import('./esm/x.js');
class Here { constructor() {} }
return {
  texts: [a.f, b.g, c, u.u, dep, require('./class.js'), Here].map(String),
  values: [a.f().replace(__dirname, ''), b.g()[0].replace(__dirname, ''), b.g()[1], c(), u.u(), dep(), x.default, x.f === a.f],
};";

#[test]
fn what_was_compiled_is_used_and_behaves_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs_err::canonicalize(folder.path()).unwrap();
    write(&root, FILES);
    let compiled = compile(std::slice::from_ref(&root), STACK);
    assert_eq!(compiled.files, 9, "{:?}", compiled.skipped);
    assert_eq!(compiled.skipped.len(), 1);
    let (file, reason) = &compiled.skipped[0];
    assert_eq!(file, &root.join("bad.js"));
    assert!(reason.contains("bad.js:1:11"), "{reason}");

    let pack = root.join("pack");
    fs_err::write(&pack, &compiled.pack).unwrap();
    let from_source = evaluate(&root, None, PROBE);
    let from_pack = evaluate(&root, Some(pack.clone()), PROBE);
    assert_eq!(from_source, from_pack);
    assert_eq!(from_pack["values"][0], "at named (/a.js:1:43)");

    // The pack is believed for a file of the same size, which shows that it is used; the daemon keys it by content.
    let values = |pack: Option<PathBuf>| evaluate(&root, pack, PROBE)["values"].clone();
    fs_err::write(root.join("c.cjs"), FILES[2].1.replace("'c'", "'C'")).unwrap();
    fs_err::write(root.join("esm/x.js"), FILES[5].1.replace("('x')", "('X')")).unwrap();
    assert_eq!(values(None)[3], "C");
    assert_eq!(values(None)[6], "X");
    assert_eq!(values(Some(pack.clone()))[3], "c");
    assert_eq!(values(Some(pack.clone()))[6], "x");
    // A file of another size is another file.
    fs_err::write(root.join("c.cjs"), "module.exports = () => 'changed';").unwrap();
    assert_eq!(values(Some(pack))[3], "changed");
}

#[test]
fn a_damaged_pack_is_as_good_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs_err::canonicalize(folder.path()).unwrap();
    write(&root, FILES);
    let whole = compile(std::slice::from_ref(&root), STACK).pack;
    let pack = root.join("pack");
    let expected = evaluate(&root, None, PROBE)["values"].clone();
    let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), b"mycelbc1".to_vec(), vec![0xff; 4096]];
    // Cut off anywhere, and with any single byte of the index or of some of the code changed.
    let step = whole.len() / 7;
    damaged.extend(
        (0..whole.len())
            .step_by(step)
            .map(|end| whole[..end].to_vec()),
    );
    damaged.extend(
        (0..whole.len())
            .step_by(step / 2)
            .chain((0..64).step_by(8))
            .map(|at| {
                let mut pack = whole.clone();
                pack[at] ^= 0x55;
                pack
            }),
    );
    for bytes in damaged {
        fs_err::write(&pack, &bytes).unwrap();
        assert_eq!(
            evaluate(&root, Some(pack.clone()), PROBE)["values"],
            expected
        );
    }
}

#[test]
fn nothing_is_evaluated_and_links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs_err::canonicalize(folder.path()).unwrap();
    write(
        &root,
        &[
            (
                "in/a.mjs",
                "import '../out/b.mjs'; import 'nowhere'; throw 1;",
            ),
            ("out/b.mjs", "x"),
        ],
    );
    fs_err::os::unix::fs::symlink(root.join("out"), root.join("in/link")).unwrap();
    fs_err::os::unix::fs::symlink(root.join("in"), root.join("in/loop")).unwrap();
    let compiled = compile(&[root.join("in"), root.join("missing")], STACK);
    assert_eq!(compiled.files, 1);
    assert_eq!(compiled.skipped.len(), 1, "{:?}", compiled.skipped);
}
