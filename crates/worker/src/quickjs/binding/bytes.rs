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

/// As much as [`View::chunk`] copies at once, so that work on a large array does not need its size twice.
const CHUNK: usize = 1 << 20;

impl View<'_> {
    /// Copies the bytes out; a detached array has none.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.copy_from(0, usize::MAX)
    }

    /// Copies the next bytes from `start` on, not necessarily all; none are left when it is empty.
    pub(super) fn chunk(&self, start: usize) -> Vec<u8> {
        self.copy_from(start, CHUNK)
    }

    #[allow(
        unsafe_code,
        reason = "the engine offers no safe way to read a typed array"
    )]
    fn copy_from(&self, start: usize, most: usize) -> Vec<u8> {
        // SAFETY: the slice is dropped before this function returns, and no JavaScript runs in between: `to_vec` on a
        // byte slice only allocates and copies.
        let Some(bytes) = (unsafe { self.0.as_bytes() }) else {
            return Vec::new();
        };
        let rest = bytes.get(start..).unwrap_or_default();
        rest[..rest.len().min(most)].to_vec()
    }

    /// Copies as much of `source` as fits to the start of the array and tells how much that was.
    pub(super) fn fill_from(&self, source: &[u8]) -> usize {
        self.fill_at(0, source)
    }

    /// Copies as much of `source` as fits to the array from `start` on and tells how much that was.
    #[allow(
        unsafe_code,
        reason = "the engine offers no safe way to write a typed array"
    )]
    pub(super) fn fill_at(&self, start: usize, source: &[u8]) -> usize {
        let Some(target) = self.0.as_raw() else {
            return 0;
        };
        let length = source.len().min(target.len().saturating_sub(start));
        if length == 0 {
            return 0;
        }
        // SAFETY: `as_raw` gives the live extent of the array, in which `start + length` is, and no JavaScript runs
        // before the copy ends, so it stays valid; `source` is ordinary Rust memory that the engine does not know, so
        // the two do not overlap.
        unsafe {
            let target = target.cast::<u8>().as_ptr().add(start);
            std::ptr::copy_nonoverlapping(source.as_ptr(), target, length);
        }
        length
    }

    /// The number of bytes; a detached array has none.
    pub(super) fn len(&self) -> usize {
        self.0.as_raw().map_or(0, |bytes| bytes.len())
    }
}

/// Zeros, unless there is no memory for them.
pub(super) fn zeroed(length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).ok()?;
    bytes.resize(length, 0);
    Some(bytes)
}

/// Makes an `ArrayBuffer` of `bytes`, whose memory the engine's heap limit counts.
pub(super) fn array_buffer<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<ArrayBuffer<'js>> {
    ArrayBuffer::new_copy(ctx.clone(), bytes)
}
