//! The way of `fetch`, `http` and `https` to the runtime, which makes the connections.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mycelium_protocol::worker::BodyLength;
use mycelium_protocol::worker::EXCHANGE_WINDOW;
use mycelium_protocol::worker::ExchangeBody;
use mycelium_protocol::worker::ExchangeCall;
use mycelium_protocol::worker::ExchangeCredit;
use mycelium_protocol::worker::ExchangeFailed;
use mycelium_protocol::worker::ExchangeNumber;
use mycelium_protocol::worker::ExchangeReply;
use mycelium_protocol::worker::MAX_EXCHANGE_CHUNK;
use mycelium_protocol::worker::MAX_EXCHANGES;
use mycelium_protocol::worker::OpenExchange;
use rquickjs::Ctx;
use rquickjs::Exception;
use rquickjs::Function;
use rquickjs::IntoJs;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::TypedArray;
use rquickjs::Value;

use super::super::host::Host;
use super::bytes::View;

/// Passes a call on; whether there is a runtime that takes it.
fn tell(ctx: &Ctx<'_>, call: ExchangeCall) -> Result<bool> {
    let host = Host::of(ctx)?;
    let taken = host.output.borrow_mut().exchange(call);
    Ok(taken)
}

/// What `open` is given: `{secure, host, port, method, target, headers, length}`.
fn open<'js>(ctx: &Ctx<'js>, exchange: u32, request: &Object<'js>) -> Result<bool> {
    let flat: Vec<String> = request.get("headers")?;
    let mut flat = flat.into_iter();
    let mut headers = Vec::new();
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        headers.push((name, value));
    }
    let length: Option<f64> = request.get("length")?;
    let port: f64 = request.get("port")?;
    // Nobody is reached at a port that is none.
    let port = port as u16;
    let open = OpenExchange {
        exchange,
        secure: request.get("secure")?,
        host: request.get("host")?,
        port,
        method: request.get("method")?,
        target: request.get("target")?,
        headers,
        length: match length {
            None => BodyLength::None,
            Some(bytes) if bytes < 0.0 => BodyLength::Unknown,
            Some(bytes) => BodyLength::Bytes(bytes as u64),
        },
    };
    tell(ctx, ExchangeCall::Open(open))
}

fn write(ctx: &Ctx<'_>, exchange: u32, bytes: &View<'_>, last: bool) -> Result<bool> {
    let bytes = bytes.to_vec();
    if bytes.len() > MAX_EXCHANGE_CHUNK {
        return Err(Exception::throw_internal(ctx, "a chunk is too large"));
    }
    let body = ExchangeBody {
        exchange,
        data: BASE64_STANDARD.encode(bytes),
        last,
    };
    tell(ctx, ExchangeCall::Body(body))
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("window", EXCHANGE_WINDOW as f64)?;
    target.set("maxChunk", MAX_EXCHANGE_CHUNK)?;
    target.set("maxExchanges", MAX_EXCHANGES)?;
    target.set(
        "open",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, exchange: u32, request: Object<'js>| open(&ctx, exchange, &request),
        )?,
    )?;
    target.set(
        "write",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, exchange: u32, bytes: View<'js>, last: bool| {
                write(&ctx, exchange, &bytes, last)
            },
        )?,
    )?;
    target.set(
        "credit",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, exchange: u32, bytes: f64| {
            let bytes = bytes as u64;
            tell(
                &ctx,
                ExchangeCall::Credit(ExchangeCredit { exchange, bytes }),
            )
        })?,
    )?;
    target.set(
        "abort",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, exchange: u32| {
            tell(&ctx, ExchangeCall::Abort(ExchangeNumber { exchange }))
        })?,
    )
}

/// Gives the program what the runtime tells of an exchange.
pub(in super::super) fn deliver(ctx: &Ctx<'_>, reply: ExchangeReply) -> Result<()> {
    let (exchange, kind, content) = match reply {
        ExchangeReply::Connected(number) => (
            number.exchange,
            "connected",
            Value::new_undefined(ctx.clone()),
        ),
        ExchangeReply::Head(head) => {
            let content = Object::new(ctx.clone())?;
            content.set("minorVersion", head.minor_version)?;
            content.set("status", head.status)?;
            content.set("statusText", head.reason)?;
            content.set("headers", flatten(head.headers))?;
            (head.exchange, "head", content.into_value())
        }
        ExchangeReply::Body(body) => {
            let bytes = BASE64_STANDARD.decode(&body.data).map_err(|_| {
                Exception::throw_internal(ctx, "the runtime sent a malformed chunk")
            })?;
            let bytes = TypedArray::<u8>::new_copy(ctx.clone(), bytes)?;
            (body.exchange, "body", bytes.into_value())
        }
        ExchangeReply::Credit(credit) => {
            let bytes = (credit.bytes as f64).into_js(ctx)?;
            (credit.exchange, "credit", bytes)
        }
        ExchangeReply::End(end) => {
            let trailers = flatten(end.trailers).into_js(ctx)?;
            (end.exchange, "end", trailers)
        }
        ExchangeReply::Failed(failed) => {
            let exchange = failed.exchange;
            (exchange, "failed", describe(ctx, failed)?.into_value())
        }
    };
    Host::of(ctx)?
        .hook(ctx, "deliver")?
        .call((exchange, kind, content))
}

/// Names and values in turn.
fn flatten(headers: Vec<(String, String)>) -> Vec<String> {
    headers
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect()
}

fn describe<'js>(ctx: &Ctx<'js>, failed: ExchangeFailed) -> Result<Object<'js>> {
    let code = serde_json::to_value(failed.code)
        .ok()
        .and_then(|code| code.as_str().map(str::to_owned));
    let content = Object::new(ctx.clone())?;
    content.set("code", code)?;
    content.set("message", failed.message)?;
    content.set("host", failed.host)?;
    content.set("port", failed.port)?;
    Ok(content)
}
