//! Keys derived from passwords and from other keys.

use digest::DynDigest;
use rquickjs::ArrayBuffer;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::convert::List;

use super::algorithm;
use super::algorithm::Algorithm;
use crate::quickjs::binding::bytes::View;
use crate::quickjs::binding::bytes::array_buffer;

/// How many digests long the output of HKDF may be (RFC 5869, section 2.3).
const MAX_BLOCKS: usize = 255;

/// HKDF (RFC 5869) with `found` as its hash; nothing if the output would be too long.
fn expand(
    found: &Algorithm,
    key: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let mut extractor = (found.authenticate)(salt);
    extractor.update(key);
    let pseudorandom = extractor.finalize();
    if length > pseudorandom.len() * MAX_BLOCKS {
        return None;
    }
    let keyed: Box<dyn DynDigest> = (found.authenticate)(&pseudorandom);
    let mut output = Vec::with_capacity(length + pseudorandom.len());
    let mut previous: Box<[u8]> = Box::default();
    for counter in 1..=u8::MAX {
        if output.len() >= length {
            break;
        }
        let mut block = keyed.clone();
        block.update(&previous);
        block.update(info);
        block.update(&[counter]);
        previous = block.finalize();
        output.extend_from_slice(&previous);
    }
    output.truncate(length);
    Some(output)
}

/// scrypt (RFC 7914); nothing if the parameters do not fit together.
fn stretch(
    password: &[u8],
    salt: &[u8],
    (cost, block_size, parallelism): (f64, u32, u32),
    length: usize,
) -> Option<Vec<u8>> {
    let rounds = cost as u64;
    if !rounds.is_power_of_two() || rounds < 2 {
        return None;
    }
    let logarithm = u8::try_from(rounds.trailing_zeros()).ok()?;
    let parameters = scrypt::Params::new(
        logarithm,
        block_size,
        parallelism,
        scrypt::Params::RECOMMENDED_LEN,
    )
    .ok()?;
    let mut output = vec![0; length];
    if length > 0 {
        scrypt::scrypt(password, salt, &parameters, &mut output).ok()?;
    }
    Some(output)
}

/// The bytes for JavaScript, or null.
fn optional<'js>(ctx: &Ctx<'js>, bytes: Option<Vec<u8>>) -> Result<Option<ArrayBuffer<'js>>> {
    bytes.map(|bytes| array_buffer(ctx, &bytes)).transpose()
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "pbkdf2",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             password: View<'js>,
             salt: View<'js>,
             rounds: u32,
             length: usize,
             name: String|
             -> Result<Option<ArrayBuffer<'js>>> {
                let derived = algorithm::find(&name).map(|found| {
                    let mut output = vec![0; length];
                    if length > 0 {
                        (found.derive)(&password.to_vec(), &salt.to_vec(), rounds, &mut output);
                    }
                    output
                });
                optional(&ctx, derived)
            },
        )?,
    )?;
    target.set(
        "hkdf",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             name: String,
             key: View<'js>,
             salt: View<'js>,
             info: View<'js>,
             length: usize|
             -> Result<Option<ArrayBuffer<'js>>> {
                let derived = algorithm::find(&name).and_then(|found| {
                    expand(found, &key.to_vec(), &salt.to_vec(), &info.to_vec(), length)
                });
                optional(&ctx, derived)
            },
        )?,
    )?;
    target.set(
        "scrypt",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>,
             password: View<'js>,
             salt: View<'js>,
             parameters: List<(f64, u32, u32)>,
             length: usize|
             -> Result<Option<ArrayBuffer<'js>>> {
                let derived = stretch(&password.to_vec(), &salt.to_vec(), parameters.0, length);
                optional(&ctx, derived)
            },
        )?,
    )
}
