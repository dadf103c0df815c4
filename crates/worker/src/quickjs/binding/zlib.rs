//! Compression streams for the `zlib` builtin: deflate in its three wrappings, and brotli.

mod brotli;
mod deflate;
mod stream;

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;

use self::stream::Stream;
use self::stream::handle;
use super::bytes::View;

fn checksum(bytes: &View<'_>, mut value: u32) -> u32 {
    let mut start = 0;
    while start < bytes.len() {
        let chunk = bytes.chunk(start);
        value = zlib_rs::crc32::crc32(value, &chunk);
        start += chunk.len();
    }
    value
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "deflate",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             mode: i32,
             level: i32,
             window: i32,
             memory: i32,
             strategy: i32,
             dictionary: Option<View<'js>>|
             -> Result<Option<Object<'js>>> {
                let dictionary = dictionary.map(|bytes| bytes.to_vec());
                deflate::Settings {
                    mode,
                    level,
                    window,
                    memory,
                    strategy,
                }
                .open(dictionary)
                .map(|stream| handle(&ctx, stream))
                .transpose()
            },
        )?,
    )?;
    target.set(
        "brotliEncoder",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, parameters: Array<'js>| -> Result<Option<Object<'js>>> {
                let mut values = Vec::new();
                for value in parameters.iter::<f64>() {
                    values.push(value?);
                }
                brotli::Encoder::new(&values)
                    .map(|encoder| handle(&ctx, Box::new(encoder) as Box<dyn Stream>))
                    .transpose()
            },
        )?,
    )?;
    target.set(
        "brotliDecoder",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| {
            handle(&ctx, Box::new(brotli::Decoder::new()))
        })?,
    )?;
    target.set(
        "crc32",
        Function::new(ctx.clone(), |bytes: View<'js>, start: f64| {
            // As a double: the conversion of large unsigned numbers gives negative ones.
            f64::from(checksum(&bytes, start as u32))
        })?,
    )
}
