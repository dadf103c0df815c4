//! The builtin modules, compiled when the program was built.

use std::sync::LazyLock;

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Result;

use super::bytecode;
use super::pack::Pack;

/// Compiled from the files below `js` by the build script.
static BUILTINS: LazyLock<Pack> = LazyLock::new(|| {
    Pack::embedded(include_bytes!(concat!(env!("OUT_DIR"), "/builtins.pack")))
});

/// Whether the program contains a builtin of that name.
pub(super) fn exists(name: &str) -> bool {
    BUILTINS.find(name).is_some()
}

/// The function that makes a builtin's exports: `(exports, require, module, binding)`.
#[allow(unsafe_code, reason = "the engine believes bytecode")]
pub(super) fn function<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Option<Function<'js>>> {
    let Some(unit) = BUILTINS.find(name) else {
        return Ok(None);
    };
    let Some(code) = BUILTINS.code(&unit) else {
        return Ok(None);
    };
    // SAFETY: the pack is a constant of this program, written by its build script with the same engine.
    unsafe { bytecode::function_from_bytes(ctx, &code) }.map(Some)
}
