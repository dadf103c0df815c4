//! Compiles, writes and reads bytecode through the engine's C interface, which rquickjs wraps for ES modules only.
//!
//! This is the crate's unsafe module. The build script includes it too: the builtins become bytecode when the program is
//! built.
#![allow(
    unsafe_code,
    reason = "scripts can be compiled to bytecode only through the C interface"
)]

use std::ffi::CString;

use rquickjs::Ctx;
use rquickjs::Error;
use rquickjs::Function;
use rquickjs::Module;
use rquickjs::Result;
use rquickjs::Value;
use rquickjs::module::Declared;
use rquickjs::qjs;

use super::pack::Form;

/// The engine's version, which is part of the identity of its bytecode.
pub(crate) fn engine_version() -> String {
    // SAFETY: the function takes nothing and returns a constant string.
    let version = unsafe { std::ffi::CStr::from_ptr(qjs::JS_GetVersion()) };
    version.to_string_lossy().into_owned()
}

/// Two lines of its own before the text, because the engine takes line 0 for no line.
const BEFORE_TEXT: &str = " {\n\n";
const FIRST_LINE: i32 = -1;

/// The source of a [`Form::Function`]: `text` as the body of the function that `head` starts, in such a way that the
/// lines and columns of the text are those that stack traces show.
pub(crate) fn wrap(head: &str, text: &str) -> Vec<u8> {
    // A line that starts with `#!` is a comment, but only where a file starts.
    let comment = if text.starts_with("#!") { "//" } else { "" };
    ["(", head, BEFORE_TEXT, comment, text, "\n})"]
        .concat()
        .into_bytes()
}

/// Compiles `source` without evaluating anything. The name is what stack traces show.
fn compile<'js>(ctx: &Ctx<'js>, source: Vec<u8>, name: &str, form: Form) -> Result<Value<'js>> {
    match form {
        Form::Function => compile_at(ctx, source, name, qjs::JS_EVAL_TYPE_GLOBAL, FIRST_LINE),
        Form::Module => {
            let kind = qjs::JS_EVAL_TYPE_MODULE | qjs::JS_EVAL_FLAG_STRICT;
            compile_at(ctx, source, name, kind, 1)
        }
    }
}

fn compile_at<'js>(
    ctx: &Ctx<'js>,
    mut source: Vec<u8>,
    name: &str,
    kind: u32,
    first_line: i32,
) -> Result<Value<'js>> {
    let length = source.len();
    // The parser wants a terminator, and source text may contain further NULs.
    source.push(0);
    let name = CString::new(name)?;
    let mut options = qjs::JSEvalOptions {
        version: qjs::JS_EVAL_OPTIONS_VERSION as i32,
        eval_flags: (kind | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as i32,
        filename: name.as_ptr(),
        line_num: first_line,
    };
    // SAFETY: the context is alive, as the borrowed `Ctx` proves; both texts are NUL-terminated and outlive the call,
    // and `length` is the source's length without its terminator. The value returned is owned by us.
    unsafe {
        let value = qjs::JS_Eval2(
            ctx.as_raw().as_ptr(),
            source.as_ptr().cast(),
            length as _,
            &mut options,
        );
        owned(ctx, value)
    }
}

/// Takes over a value that the C interface returned, or the exception it stands for.
///
/// # Safety
/// `value` must belong to the context's runtime and be owned by the caller.
unsafe fn owned<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: only the tag is read.
    if unsafe { qjs::JS_VALUE_GET_NORM_TAG(value) } == qjs::JS_TAG_EXCEPTION {
        return Err(Error::Exception);
    }
    // SAFETY: the caller owns the value and gives it away.
    Ok(unsafe { Value::from_raw(ctx.clone(), value) })
}

/// Compiles `source` to bytecode that keeps line tables but not the source text.
pub(crate) fn compile_to_bytes(
    ctx: &Ctx<'_>,
    source: Vec<u8>,
    name: &str,
    form: Form,
) -> Result<Vec<u8>> {
    let compiled = compile(ctx, source, name, form)?;
    let mut length = 0;
    let flags = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE;
    // SAFETY: the compiled value is alive during the call; the engine returns null or a buffer of `length` bytes that
    // is ours to free, which happens after the copy.
    unsafe {
        let context = ctx.as_raw().as_ptr();
        let buffer = qjs::JS_WriteObject(context, &mut length, compiled.as_raw(), flags as i32);
        if buffer.is_null() {
            return Err(Error::Exception);
        }
        let bytes = std::slice::from_raw_parts(buffer, length as usize).to_vec();
        qjs::js_free(context, buffer.cast());
        Ok(bytes)
    }
}

/// Runs a compiled script, the value of which is a function.
fn run<'js>(ctx: &Ctx<'js>, compiled: Value<'js>) -> Result<Function<'js>> {
    // SAFETY: `JS_EvalFunction` frees what it is given, so it gets a reference of its own; the result is ours.
    let value = unsafe {
        let context = ctx.as_raw().as_ptr();
        let script = qjs::JS_DupValue(context, compiled.as_raw());
        owned(ctx, qjs::JS_EvalFunction(context, script))?
    };
    value
        .into_function()
        .ok_or_else(|| Error::new_from_js("script", "function"))
}

/// Compiles a [`wrap`]ped text and returns its value, a function.
pub(crate) fn function_from_source<'js>(
    ctx: &Ctx<'js>,
    source: Vec<u8>,
    name: &str,
) -> Result<Function<'js>> {
    let compiled = compile(ctx, source, name, Form::Function)?;
    run(ctx, compiled)
}

/// Parses a text as the script that it is without a function around it.
pub(crate) fn check_script(ctx: &Ctx<'_>, text: &str, name: &str) -> Result<()> {
    // The text's first line is the first: nothing stands before it.
    compile_at(
        ctx,
        text.as_bytes().to_vec(),
        name,
        qjs::JS_EVAL_TYPE_GLOBAL,
        1,
    )
    .map(drop)
}

/// Reads a script's bytecode and returns its value, a function.
///
/// # Safety
/// The engine believes bytecode: `code` must be what [`compile_to_bytes`] of the same build returned.
pub(crate) unsafe fn function_from_bytes<'js>(
    ctx: &Ctx<'js>,
    code: &[u8],
) -> Result<Function<'js>> {
    // SAFETY: the bytes are whole and of this engine, as the caller promises; the engine copies what it keeps.
    let compiled = unsafe {
        let value = qjs::JS_ReadObject(
            ctx.as_raw().as_ptr(),
            code.as_ptr(),
            code.len() as _,
            qjs::JS_READ_OBJ_BYTECODE as i32,
        );
        owned(ctx, value)?
    };
    run(ctx, compiled)
}

/// Reads an ES module's bytecode. The modules it imports are loaded on the way.
///
/// # Safety
/// As for [`function_from_bytes`].
pub(crate) unsafe fn module_from_bytes<'js>(
    ctx: &Ctx<'js>,
    code: &[u8],
) -> Result<Module<'js, Declared>> {
    // SAFETY: the caller's promise is the one asked for.
    unsafe { Module::load(ctx.clone(), code) }
}

/// What the engine's heap holds, in bytes.
pub(crate) struct HeapUsage {
    /// Memory taken from the system.
    pub(crate) allocated: i64,
    /// Memory in use.
    pub(crate) used: i64,
}

/// Measures the engine's heap, which takes a look at every object.
pub(crate) fn heap_usage(ctx: &Ctx<'_>) -> HeapUsage {
    let mut usage = std::mem::MaybeUninit::<qjs::JSMemoryUsage>::uninit();
    // SAFETY: the runtime is alive as its context is, and the function fills the whole structure.
    let usage = unsafe {
        let runtime = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        qjs::JS_ComputeMemoryUsage(runtime, usage.as_mut_ptr());
        usage.assume_init()
    };
    HeapUsage {
        allocated: usage.malloc_size,
        used: usage.memory_used_size,
    }
}

/// Throws an error that no code of the program can catch.
pub(crate) fn throw_uncatchable(ctx: &Ctx<'_>) -> Error {
    let thrown = rquickjs::Exception::from_message(ctx.clone(), "the program was ended");
    match thrown {
        Ok(exception) => {
            let value = exception.into_object().into_value();
            // SAFETY: the value is an error object of this context, which the call only marks.
            unsafe { qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), value.as_raw()) };
            ctx.throw(value)
        }
        Err(error) => error,
    }
}
