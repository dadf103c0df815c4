//! Makes a [`Failure`] of whatever a program throws.
//!
//! Anything can be thrown: an object whose properties throw, a proxy, nothing at all. Every look at it may run the
//! program's code and may fail; then that part of the failure is missing. No built-in function that the program could
//! have replaced is used.

use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use rquickjs::Coerced;
use rquickjs::Ctx;
use rquickjs::Error;
use rquickjs::FromJs;
use rquickjs::Object;
use rquickjs::Value;

use super::host::Host;
use super::trace;

/// Longer messages and stacks are cut, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// The failure of a call, of which only the kind and a sentence are known.
pub(crate) fn plain(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure {
        kind,
        message: message.into(),
        name: None,
        code: None,
        stack: None,
        transient: false,
    }
}

/// An engine that cannot be started.
pub(super) fn unavailable(error: Error) -> Failure {
    plain(
        FailureKind::OutOfMemory,
        format!("the engine cannot be started: {error}"),
    )
}

/// The failure that an error of the engine's interface stands for.
pub(super) fn describe(ctx: &Ctx<'_>, host: &Host, error: Error) -> Failure {
    match error {
        Error::Exception => {
            let thrown = ctx.catch();
            of_value(ctx, host, &thrown)
        }
        Error::Allocation => plain(FailureKind::OutOfMemory, "out of memory"),
        other => plain(FailureKind::Thrown, other.to_string()),
    }
}

/// The failure that a thrown value stands for.
pub(super) fn of_value<'js>(ctx: &Ctx<'js>, host: &Host, thrown: &Value<'js>) -> Failure {
    if let Some(ended) = ended(host) {
        return ended;
    }
    let Some(object) = thrown.as_object() else {
        // Where no memory is left for an error, the engine throws null.
        if thrown.is_null() && is_exhausted(host) {
            return plain(FailureKind::OutOfMemory, "out of memory");
        }
        return plain(FailureKind::Thrown, text(ctx, host, thrown.clone()));
    };
    let get = |name: &str| property(ctx, host, object, name);
    let name = get("name");
    let message = get("message");
    let code = get("code");
    let stack = get("stack");
    let transient = object
        .get::<_, Value<'js>>("transient")
        .map(|value| value.as_bool() == Some(true));
    if transient.is_err() {
        ctx.catch();
    }
    let is_error = object.is_error();
    let kind = match (name.as_deref(), message.as_deref()) {
        (Some("InternalError"), Some("out of memory")) if is_error => FailureKind::OutOfMemory,
        (Some("SyntaxError"), _) if trace::is_of_parser(stack.as_deref().unwrap_or_default()) => {
            FailureKind::Syntax
        }
        _ => FailureKind::Thrown,
    };
    Failure {
        kind,
        message: message.unwrap_or_else(|| text(ctx, host, thrown.clone())),
        name,
        code,
        stack: stack.map(|stack| trace::of_program(&stack)),
        transient: transient.unwrap_or(false),
    }
}

/// Whether the process has come near its limit at some time.
fn is_exhausted(host: &Host) -> bool {
    let limit = host.memory_limit.get();
    limit > 0 && mycelium_sandbox::peak_memory() >= limit / 4 * 3
}

/// Why the program is at its end, if it is: then whatever it throws is a consequence.
pub(super) fn ended(host: &Host) -> Option<Failure> {
    if let Some(status) = host.exit.get() {
        return Some(plain(
            FailureKind::Exited,
            format!("process.exit was called with status {status}"),
        ));
    }
    let exceeded = host.output.borrow().exceeded();
    exceeded.then(|| {
        plain(
            FailureKind::OutputTooLarge,
            "the call printed more than it may",
        )
    })
}

/// A property as text, unless it is missing or cannot be read.
fn property<'js>(ctx: &Ctx<'js>, host: &Host, object: &Object<'js>, name: &str) -> Option<String> {
    let Ok(value) = object.get::<_, Value<'js>>(name) else {
        ctx.catch();
        return None;
    };
    if value.is_undefined() || value.is_null() || value.is_object() || value.is_symbol() {
        return None;
    }
    Some(text(ctx, host, value))
}

/// The failure of a result that JSON does not know, from what writing it threw.
pub(super) fn of_result(thrown: Failure) -> Failure {
    let reason = if thrown.message.contains("circular") {
        "it refers to itself".to_owned()
    } else if thrown.message.contains("BigInt") {
        "it contains a BigInt; return it as a number or a string".to_owned()
    } else {
        thrown.message
    };
    Failure {
        kind: FailureKind::ResultInvalid,
        message: format!("the result cannot be written as JSON: {reason}"),
        ..thrown
    }
}

/// Any value as text of bounded length.
fn text<'js>(ctx: &Ctx<'js>, host: &Host, value: Value<'js>) -> String {
    if value.is_symbol() {
        return "a symbol was thrown".to_owned();
    }
    let mut text = match Coerced::<rquickjs::String<'js>>::from_js(ctx, value) {
        Ok(Coerced(string)) => well_formed(ctx, host, string),
        Err(_) => {
            ctx.catch();
            "a value that cannot be shown was thrown".to_owned()
        }
    };
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

/// A string of the engine as text; halves of surrogate pairs are replaced.
pub(super) fn well_formed<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    string: rquickjs::String<'js>,
) -> String {
    if let Ok(text) = string.to_string() {
        return text;
    }
    let replaced = host
        .hook(ctx, "wellFormed")
        .and_then(|hook| hook.call::<_, String>((string,)));
    replaced.unwrap_or_else(|_| {
        ctx.catch();
        String::new()
    })
}

/// Whether a failure while loading means that the code could not be read or linked.
pub(super) fn is_unreadable(failure: &Failure) -> bool {
    matches!(
        failure.code.as_deref(),
        Some(
            "MODULE_NOT_FOUND"
                | "ENOENT"
                | "ERR_INVALID_MODULE_SPECIFIER"
                | "ERR_INVALID_PACKAGE_CONFIG"
                | "ERR_INVALID_PACKAGE_TARGET"
                | "ERR_MODULE_NOT_FOUND"
                | "ERR_PACKAGE_IMPORT_NOT_DEFINED"
                | "ERR_PACKAGE_PATH_NOT_EXPORTED"
                | "ERR_REQUIRE_ASYNC_MODULE"
                | "ERR_UNKNOWN_BUILTIN_MODULE"
                | "ERR_UNKNOWN_FILE_EXTENSION"
                | "ERR_UNSUPPORTED_DIR_IMPORT"
                | "ERR_UNSUPPORTED_ESM_URL_SCHEME"
        )
    )
}
