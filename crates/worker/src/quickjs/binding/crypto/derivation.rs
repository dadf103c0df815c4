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
use crate::quickjs::binding::bytes::zeroed;

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
    let mut output = zeroed(length)?;
    // The table that the function makes has this size; without memory for it the process would end.
    let table = usize::try_from(rounds).ok()?.checked_mul(128)?;
    drop(zeroed(table.checked_mul(block_size as usize)?)?);
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
                let derived = algorithm::find(&name).and_then(|found| {
                    let mut output = zeroed(length)?;
                    if length > 0 {
                        (found.derive)(&password.to_vec(), &salt.to_vec(), rounds, &mut output);
                    }
                    Some(output)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn expands_as_in_the_first_test_case_of_rfc_5869() {
        let found = algorithm::find("sha256").unwrap();
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let output = expand(found, &[0x0b; 22], &salt, &info, 42).unwrap();
        assert_eq!(
            hex(&output),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
        assert!(expand(found, b"", b"", b"", 255 * 32 + 1).is_none());
        assert_eq!(expand(found, b"", b"", b"", 255 * 32).unwrap().len(), 8160);
    }

    #[test]
    fn stretches_as_in_the_second_test_vector_of_rfc_7914() {
        let output = stretch(b"password", b"NaCl", (1024.0, 8, 16), 64).unwrap();
        assert_eq!(
            hex(&output[..32]),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        );
    }

    #[test]
    fn refuses_costs_that_are_no_power_of_two() {
        for cost in [0.0, 1.0, 3.0, -16.0, 1000.0] {
            assert!(stretch(b"", b"", (cost, 8, 1), 8).is_none(), "{cost}");
        }
        assert!(stretch(b"", b"", (16.0, 0, 1), 8).is_none());
        assert!(stretch(b"", b"", (16.0, 1, 0), 8).is_none());
    }
}
