//! Compiles the builtin modules below `js` to one pack of bytecode.

use std::path::Path;
use std::path::PathBuf;

use rquickjs::CatchResultExt;
use rquickjs::Context;
use rquickjs::Runtime;

#[path = "src/quickjs/bytecode.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses the rest")]
mod bytecode;
#[path = "src/quickjs/pack.rs"]
#[allow(dead_code, unreachable_pub, reason = "the program uses the rest")]
mod pack;

use pack::Form;
use pack::Unit;

fn main() {
    println!("cargo::rerun-if-changed=js");
    println!("cargo::rerun-if-changed=src/quickjs/bytecode.rs");
    println!("cargo::rerun-if-changed=src/quickjs/pack.rs");
    let mut files = Vec::new();
    collect(Path::new("js"), &mut files);
    files.sort();

    let runtime = Runtime::new().expect("a JavaScript runtime");
    let context = Context::full(&runtime).expect("a JavaScript context");
    let units = context.with(|ctx| {
        let compile = |file: &PathBuf| {
            let source = fs_err::read_to_string(file).expect("a readable builtin");
            let name = name(file);
            let wrapped = bytecode::wrap("function (exports, require, module, binding)", &source);
            let trace = format!("node:{name}");
            let code = bytecode::compile_to_bytes(&ctx, wrapped, &trace, Form::Function)
                .catch(&ctx)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            Unit {
                name,
                form: Form::Function,
                source_length: source.len() as u64,
                code,
            }
        };
        files.iter().map(compile).collect()
    });

    #[allow(
        clippy::disallowed_methods,
        reason = "this is how cargo speaks to build scripts"
    )]
    let output = std::env::var_os("OUT_DIR").expect("cargo names the output folder");
    let build = pack::identity(&[&bytecode::engine_version()]);
    fs_err::write(
        Path::new(&output).join("builtins.pack"),
        pack::write(build, units),
    )
    .expect("a writable output folder");
}

/// Every `.js` file below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            files.push(path);
        }
    }
}

/// `js/node/fs/promises.js` is `fs/promises`, `js/internal/x.js` is `internal/x`.
fn name(file: &Path) -> String {
    let path = file.strip_prefix("js").expect("a file below js");
    let path = path.strip_prefix("node").unwrap_or(path);
    let name = path.with_extension("");
    name.to_str().expect("a name in Unicode").to_owned()
}
