//! Hashes, message authentication codes, key derivation and randomness for the `crypto` builtin.

mod algorithm;
mod derivation;
mod hash;
mod random;

use rquickjs::Ctx;
use rquickjs::Object;
use rquickjs::Result;

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    hash::install(ctx, target)?;
    derivation::install(ctx, target)?;
    random::install(ctx, target)
}
