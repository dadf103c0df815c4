//! Moves bytes between Rust and the engine's typed arrays.
//!
//! Both directions copy: nothing here hands out a reference into memory that JavaScript could detach or resize.

use rquickjs::ArrayBuffer;
use rquickjs::Ctx;
use rquickjs::FromJs;
use rquickjs::Result;
use rquickjs::TypedArray;
use rquickjs::Value;

/// A `Uint8Array` (or `Buffer`) argument.
pub(super) struct View<'js>(TypedArray<'js, u8>);

impl<'js> FromJs<'js> for View<'js> {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        TypedArray::from_value(value).map(Self)
    }
}

impl View<'_> {
    /// Copies the bytes out; a detached array has none.
    #[allow(
        unsafe_code,
        reason = "the engine offers no safe way to read a typed array"
    )]
    pub(super) fn to_vec(&self) -> Vec<u8> {
        // SAFETY: the slice is dropped before this function returns, and no JavaScript runs in between: `to_vec` on a
        // byte slice only allocates and copies.
        unsafe { self.0.as_bytes() }
            .map(<[u8]>::to_vec)
            .unwrap_or_default()
    }

    /// Copies as much of `source` as fits to the start of the array and tells how much that was.
    #[allow(
        unsafe_code,
        reason = "the engine offers no safe way to write a typed array"
    )]
    pub(super) fn fill_from(&self, source: &[u8]) -> usize {
        let Some(target) = self.0.as_raw() else {
            return 0;
        };
        let length = source.len().min(target.len());
        // SAFETY: `as_raw` gives the live extent of the array; no JavaScript runs before the copy ends, so it stays
        // valid; `source` is ordinary Rust memory that the engine does not know, so the two do not overlap.
        unsafe {
            std::ptr::copy_nonoverlapping(source.as_ptr(), target.cast::<u8>().as_ptr(), length);
        }
        length
    }

    /// The number of bytes; a detached array has none.
    pub(super) fn len(&self) -> usize {
        self.0.as_raw().map_or(0, |bytes| bytes.len())
    }
}

/// Makes an `ArrayBuffer` of `bytes`, whose memory the engine's heap limit counts.
pub(super) fn array_buffer<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<ArrayBuffer<'js>> {
    ArrayBuffer::new_copy(ctx.clone(), bytes)
}
