//! What the engine knows about a value and JavaScript cannot ask: its class, a proxy's parts, a promise's state.

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Promise;
use rquickjs::Result;
use rquickjs::Value;
use rquickjs::promise::PromiseState;
use rquickjs::qjs;

/// The number of the engine's class of an object; equal numbers mean the same kind of built-in object.
#[allow(
    unsafe_code,
    reason = "the engine offers no safe way to ask for a class"
)]
fn class_id(value: Value<'_>) -> u32 {
    // SAFETY: the value is alive for the whole call, and the function only reads the class number of an object (or
    // sees from the tag that it is none): it neither runs JavaScript nor changes a reference count.
    unsafe { qjs::JS_GetClassID(value.as_raw()) }
}

/// `[target, handler]`, or None for a revoked proxy and for what is none.
fn proxy_details<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Option<Array<'js>>> {
    if !value.is_proxy() {
        return Ok(None);
    }
    let (Some(target), Some(handler)) = (
        proxy_part(&ctx, &value, qjs::JS_GetProxyTarget),
        proxy_part(&ctx, &value, qjs::JS_GetProxyHandler),
    ) else {
        return Ok(None);
    };
    let parts = Array::new(ctx)?;
    parts.set(0, target)?;
    parts.set(1, handler)?;
    Ok(Some(parts))
}

type ReadPart = unsafe extern "C" fn(*mut qjs::JSContext, qjs::JSValue) -> qjs::JSValue;

/// Reads the target or the handler of a proxy; the type `Proxy` has no place for proxies of functions.
#[allow(
    unsafe_code,
    reason = "the engine's safe interface takes a proxy of a function for a function"
)]
fn proxy_part<'js>(ctx: &Ctx<'js>, proxy: &Value<'js>, read: ReadPart) -> Option<Value<'js>> {
    // SAFETY: context and proxy are alive for the whole call; both readers give a new reference, which the `Value`
    // takes over, or throw.
    let part = unsafe {
        let part = read(ctx.as_raw().as_ptr(), proxy.as_raw());
        Value::from_raw(ctx.clone(), part)
    };
    if part.is_object() {
        return Some(part);
    }
    // Asking for a part of a revoked proxy throws; that is taken back.
    ctx.catch();
    None
}

/// `{ state, result }`.
fn promise_details<'js>(ctx: Ctx<'js>, promise: Promise<'js>) -> Result<Object<'js>> {
    let details = Object::new(ctx.clone())?;
    match promise.state() {
        PromiseState::Pending => details.set("state", "pending")?,
        PromiseState::Resolved => {
            details.set("state", "fulfilled")?;
            if let Some(result) = promise.result::<Value<'js>>() {
                details.set("result", result?)?;
            }
        }
        PromiseState::Rejected => {
            details.set("state", "rejected")?;
            // The reason comes as the exception that it would be.
            if let Some(Err(_)) = promise.result::<Value<'js>>() {
                details.set("result", ctx.catch())?;
            }
        }
    }
    Ok(details)
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("classId", Function::new(ctx.clone(), class_id)?)?;
    target.set(
        "isProxy",
        Function::new(ctx.clone(), |value: Value<'js>| value.is_proxy())?,
    )?;
    target.set("proxyDetails", Function::new(ctx.clone(), proxy_details)?)?;
    target.set(
        "promiseDetails",
        Function::new(ctx.clone(), promise_details)?,
    )?;
    Ok(())
}
