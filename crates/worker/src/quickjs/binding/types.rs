//! What the engine knows about a value and JavaScript cannot ask: its class, a proxy's parts, a promise's state.

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Promise;
use rquickjs::Proxy;
use rquickjs::Result;
use rquickjs::Value;
use rquickjs::promise::PromiseState;
use rquickjs::qjs;

/// The number of the engine's class of an object; equal numbers mean the same kind of built-in object.
#[allow(unsafe_code, reason = "the engine offers no safe way to ask for a class")]
fn class_id(value: Value<'_>) -> u32 {
    // SAFETY: the value is alive for the whole call, and the function only reads the class number of an object (or
    // sees from the tag that it is none): it neither runs JavaScript nor changes a reference count.
    unsafe { qjs::JS_GetClassID(value.as_raw()) }
}

/// `[target, handler]`, or None for a revoked proxy and for what is none.
fn proxy_details<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Option<Array<'js>>> {
    let Some(object) = value.as_proxy() else {
        return Ok(None);
    };
    let (Some(target), Some(handler)) = (part(&ctx, object, Proxy::target), part(&ctx, object, Proxy::handler))
    else {
        return Ok(None);
    };
    let parts = Array::new(ctx)?;
    parts.set(0, target)?;
    parts.set(1, handler)?;
    Ok(Some(parts))
}

/// Asking for a part of a revoked proxy throws; that is taken back.
fn part<'js>(
    ctx: &Ctx<'js>,
    proxy: &Proxy<'js>,
    read: fn(&Proxy<'js>) -> Result<Object<'js>>,
) -> Option<Value<'js>> {
    match read(proxy) {
        Ok(object) => Some(object.into_value()),
        Err(_) => {
            ctx.catch();
            None
        }
    }
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
    target.set("promiseDetails", Function::new(ctx.clone(), promise_details)?)?;
    Ok(())
}
