//! Hash and message authentication states that JavaScript feeds piece by piece.

use std::cell::RefCell;
use std::rc::Rc;

use digest::DynDigest;
use digest::ExtendableOutput;
use digest::Update;
use digest::XofReader;
use rquickjs::ArrayBuffer;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use sha3::Shake128;
use sha3::Shake256;

use super::algorithm;
use crate::quickjs::binding::bytes::View;
use crate::quickjs::binding::bytes::array_buffer;
use crate::quickjs::binding::bytes::zeroed;

/// The longest output that is taken from an extendable hash.
const MAX_EXTENDED: usize = 1 << 26;

/// What has been hashed so far.
#[derive(Clone)]
enum State {
    Fixed(Box<dyn DynDigest>),
    Shake128(Shake128, usize),
    Shake256(Shake256, usize),
}

impl State {
    /// The state of `name`; `length` is the output's, which only extendable hashes let the caller choose.
    fn new(name: &str, length: Option<usize>) -> std::result::Result<Self, Refusal> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "shake128" | "shake-128" => {
                let length = bounded(length.unwrap_or(16))?;
                Ok(Self::Shake128(Shake128::default(), length))
            }
            "shake256" | "shake-256" => {
                let length = bounded(length.unwrap_or(32))?;
                Ok(Self::Shake256(Shake256::default(), length))
            }
            _ => {
                let found = algorithm::find(&lower).ok_or(Refusal::Unknown)?;
                let state = (found.hash)();
                match length {
                    Some(length) if length != state.output_size() => Err(Refusal::Length),
                    _ => Ok(Self::Fixed(state)),
                }
            }
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Fixed(state) => state.update(bytes),
            Self::Shake128(state, _) => state.update(bytes),
            Self::Shake256(state, _) => state.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Fixed(state) => state.finalize().into_vec(),
            Self::Shake128(state, length) => extended(state.finalize_xof(), length),
            Self::Shake256(state, length) => extended(state.finalize_xof(), length),
        }
    }
}

/// Why a hash was not made; JavaScript gets the number.
#[derive(Clone, Copy)]
enum Refusal {
    Unknown = 1,
    Length = 2,
}

fn bounded(length: usize) -> std::result::Result<usize, Refusal> {
    if length > MAX_EXTENDED {
        return Err(Refusal::Length);
    }
    Ok(length)
}

fn extended(mut reader: impl XofReader, length: usize) -> Vec<u8> {
    let mut output = zeroed(length).unwrap_or_default();
    reader.read(&mut output);
    output
}

/// The object that JavaScript holds of a state: `update(bytes)`, `digest()` and `copy()`. After `digest` it is empty.
fn handle<'js>(ctx: &Ctx<'js>, state: State) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let shared = Rc::new(RefCell::new(Some(state)));
    let state = Rc::clone(&shared);
    object.set(
        "update",
        Function::new(ctx.clone(), move |bytes: View<'js>| {
            if let Some(state) = state.borrow_mut().as_mut() {
                let mut start = 0;
                while start < bytes.len() {
                    let chunk = bytes.chunk(start);
                    state.update(&chunk);
                    start += chunk.len();
                }
            }
        })?,
    )?;
    let state = Rc::clone(&shared);
    object.set(
        "digest",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>| -> Result<ArrayBuffer<'js>> {
                let output = state.borrow_mut().take().map(State::finish);
                array_buffer(&ctx, &output.unwrap_or_default())
            },
        )?,
    )?;
    object.set(
        "copy",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>| -> Result<Option<Object<'js>>> {
                let copied = shared.borrow().clone();
                copied.map(|state| handle(&ctx, state)).transpose()
            },
        )?,
    )?;
    Ok(object)
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "createHash",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, name: String, length: Option<usize>| -> Result<rquickjs::Value<'js>> {
                match State::new(&name, length) {
                    Ok(state) => handle(&ctx, state).map(Object::into_value),
                    Err(refusal) => Ok(rquickjs::Value::new_int(ctx, refusal as i32)),
                }
            },
        )?,
    )?;
    target.set(
        "createHmac",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, name: String, key: View<'js>| -> Result<Option<Object<'js>>> {
                let Some(found) = algorithm::find(&name) else {
                    return Ok(None);
                };
                handle(&ctx, State::Fixed((found.authenticate)(&key.to_vec()))).map(Some)
            },
        )?,
    )?;
    target.set(
        "knowsDigest",
        Function::new(ctx.clone(), |name: String| algorithm::find(&name).is_some())?,
    )
}
