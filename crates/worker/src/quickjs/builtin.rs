//! The builtin modules, compiled when the program was built.

use std::sync::LazyLock;

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Result;

use super::bytecode;
use super::pack::Pack;

/// Compiled from the files below `js` by the build script.
static BUILTINS: LazyLock<Pack> =
    LazyLock::new(|| Pack::embedded(include_bytes!(concat!(env!("OUT_DIR"), "/builtins.pack"))));

/// Builtins that are known only with `node:` before their name.
const SCHEME_ONLY: [&str; 4] = ["sea", "sqlite", "test", "test/reporters"];
/// Our own, which is no module of Node.
const OURS: &str = "mycelium";

/// Whether a program may require the builtin `name`.
pub(super) fn is_public(name: &str) -> bool {
    !is_internal(name) && BUILTINS.find(name).is_some()
}

/// Whether a program must write `node:` before the name of this builtin.
pub(super) fn needs_scheme(name: &str) -> bool {
    SCHEME_ONLY.contains(&name)
}

/// The modules of Node that a program may require without `node:`.
pub(super) fn public_names() -> Vec<String> {
    BUILTINS
        .names()
        .filter(|name| !is_internal(name) && !needs_scheme(name) && *name != OURS)
        .map(str::to_owned)
        .collect()
}

fn is_internal(name: &str) -> bool {
    name.starts_with("internal/") || name == "bootstrap"
}

/// The function that makes a builtin's exports: `(exports, require, module, binding)`.
#[allow(unsafe_code, reason = "the engine believes bytecode")]
pub(super) fn function<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Option<Function<'js>>> {
    let found = BUILTINS.find(name);
    let Some(code) = found.and_then(|found| BUILTINS.code(&found)) else {
        return Ok(None);
    };
    // SAFETY: the pack is a constant of this program, written by its build script with the same engine.
    unsafe { bytecode::function_from_bytes(ctx, &code) }.map(Some)
}
