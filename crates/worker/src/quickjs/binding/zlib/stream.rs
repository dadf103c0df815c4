//! The object by which JavaScript feeds a compression stream and takes what comes out.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;

use crate::quickjs::binding::bytes::View;
use crate::quickjs::binding::bytes::array_buffer;

/// The most output one step may ask for.
const MAX_ROOM: usize = 1 << 22;

/// How a step ended, by zlib's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// More input or more room for output will be needed.
    Ok,
    /// The stream is complete.
    End,
    /// The stream needs a dictionary that was not given.
    NeedDictionary,
    /// The stream is damaged, or the dictionary is not the right one.
    Data(&'static str),
    /// A brotli stream is damaged: the number and the name of what is wrong.
    Brotli(i32, String),
    /// The state is unusable.
    Stream(&'static str),
    /// Memory ran out.
    Memory,
    /// No progress was possible.
    Buffer,
}

impl Status {
    fn number(&self) -> i32 {
        match self {
            Self::Ok => 0,
            Self::End => 1,
            Self::NeedDictionary => 2,
            Self::Stream(_) => -2,
            Self::Data(_) => -3,
            Self::Memory => -4,
            Self::Buffer => -5,
            Self::Brotli(number, _) => *number,
        }
    }

    fn message(&self) -> Option<&str> {
        match self {
            Self::Data(message) | Self::Stream(message) => Some(message),
            Self::Brotli(_, name) => Some(name),
            Self::Ok | Self::End | Self::NeedDictionary | Self::Memory | Self::Buffer => None,
        }
    }
}

/// What one step did: how it ended and how much of the input and of the room for output it used.
pub(super) struct Step {
    pub(super) status: Status,
    pub(super) consumed: usize,
    pub(super) produced: usize,
}

/// A compressor or decompressor.
pub(super) trait Stream {
    /// Takes some of `input`, fills some of `output`; `flush` is the number of zlib or brotli for how to end.
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: u32) -> Step;

    /// Forgets everything, as if just made.
    fn reset(&mut self);

    /// Changes the level of a compressor; says whether it could.
    fn set_level(&mut self, level: i32) -> bool;
}

/// Makes the object for JavaScript. `write(bytes, flush, room)` gives
/// `[status, bytes consumed, output, message]`.
pub(super) fn handle<'js>(ctx: &Ctx<'js>, stream: Box<dyn Stream>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let shared = Rc::new(RefCell::new(stream));
    let stream = Rc::clone(&shared);
    object.set(
        "write",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, bytes: View<'js>, flush: u32, room: usize| -> Result<Array<'js>> {
                let mut output = vec![0; room.min(MAX_ROOM)];
                let step = stream
                    .borrow_mut()
                    .step(&bytes.to_vec(), &mut output, flush);
                output.truncate(step.produced);
                let result = Array::new(ctx.clone())?;
                result.set(0, step.status.number())?;
                result.set(1, step.consumed)?;
                result.set(2, array_buffer(&ctx, &output)?)?;
                result.set(3, step.status.message())?;
                Ok(result)
            },
        )?,
    )?;
    let stream = Rc::clone(&shared);
    object.set(
        "reset",
        Function::new(ctx.clone(), move || stream.borrow_mut().reset())?,
    )?;
    object.set(
        "setLevel",
        Function::new(ctx.clone(), move |level: i32| {
            shared.borrow_mut().set_level(level)
        })?,
    )?;
    Ok(object)
}
