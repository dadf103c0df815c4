//! The way of `mycelium` to the runtime, which does what the program asks of it.

use mycelium_protocol::worker::AssetUses;
use mycelium_protocol::worker::CallProgress;
use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::Frame;
use mycelium_protocol::worker::HostAnswer;
use mycelium_protocol::worker::Looked;
use mycelium_protocol::worker::MAX_HOST_CALLS;
use mycelium_protocol::worker::Notification;
use rquickjs::Ctx;
use rquickjs::Exception;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use serde_json::value::RawValue;

use super::super::guard;
use super::super::host::Host;
use super::super::json;

/// Passes a call on; whether there is a runtime that takes it.
fn call(ctx: &Ctx<'_>, id: f64, method: String, params: String) -> Result<bool> {
    let params = RawValue::from_string(json::replace_lone_surrogates(params))
        .map_err(|_| Exception::throw_internal(ctx, "the parameters are not JSON"))?;
    let frame = Frame {
        id: Some(id as u64),
        method: Some(method),
        params: Some(params),
        ..Frame::default()
    };
    let host = Host::of(ctx)?;
    let taken = host.output.borrow_mut().call(frame);
    Ok(taken)
}

/// Tells how far the call is.
fn progress(ctx: &Ctx<'_>, done: f64, total: Option<f64>, message: Option<String>) -> Result<()> {
    let host = Host::of(ctx)?;
    let progress = CallProgress {
        done,
        total,
        message,
    };
    host.output
        .borrow_mut()
        .tell(Notification::Progress(progress));
    Ok(())
}

/// Counts that the program asked for one of its own files, and what came of it.
fn count_asset(ctx: &Ctx<'_>, failures: u64) -> Result<()> {
    let host = Host::of(ctx)?;
    let AssetUses { times, failed } = host.assets.get();
    host.assets.set(AssetUses {
        times: times + 1,
        failed: failed + failures,
    });
    Ok(())
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("maxCalls", MAX_HOST_CALLS)?;
    target.set(
        "call",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, id: f64, method: String, params: String| call(&ctx, id, method, params),
        )?,
    )?;
    target.set(
        "progress",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, done: f64, total: Option<f64>, message: Option<String>| {
                progress(&ctx, done, total, message)
            },
        )?,
    )?;
    target.set(
        "noteAsset",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| count_asset(&ctx, 0))?,
    )?;
    target.set(
        "noteAssetInVain",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| count_asset(&ctx, 1))?,
    )?;
    target.set(
        "noteVariable",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| -> Result<()> {
            guard::note_look(&ctx, Looked::Variable(name))
        })?,
    )?;
    target.set(
        "noteContext",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, field: String| -> Result<()> {
            guard::note_look(&ctx, Looked::Context(field))
        })?,
    )?;
    target.set(
        "request",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| -> Result<f64> {
            let number = Host::of(&ctx)?.requests.borrow().current();
            Ok(number.unwrap_or(0) as f64)
        })?,
    )?;
    target.set(
        "context",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| -> Result<Option<String>> {
            let context = Host::of(&ctx)?
                .requests
                .borrow()
                .context()
                .map(str::to_owned);
            Ok(context)
        })?,
    )
}

/// Gives the program the runtime's answer to a call.
pub(in super::super) fn answer(ctx: &Ctx<'_>, answer: HostAnswer) -> Result<()> {
    let (is_done, content) = match answer.outcome {
        Ok(result) => (true, ctx.json_parse(result.get())?),
        Err(failure) => (false, describe(ctx, failure)?.into_value()),
    };
    Host::of(ctx)?
        .hook(ctx, "answer")?
        .call((answer.id as f64, is_done, content))
}

fn describe<'js>(ctx: &Ctx<'js>, failure: Failure) -> Result<Object<'js>> {
    let content = Object::new(ctx.clone())?;
    content.set("code", failure.code)?;
    content.set("message", failure.message)?;
    content.set("transient", failure.transient)?;
    Ok(content)
}
