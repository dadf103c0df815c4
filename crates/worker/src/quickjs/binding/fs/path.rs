//! Paths as they come from JavaScript, and the question to the guard that precedes every use of one.

use mycelium_types::FileAccess;
use rquickjs::Ctx;
use rquickjs::FromJs;
use rquickjs::Result;
use rquickjs::Value;
use rustix::io::Errno;

use crate::quickjs::binding::bytes::View;
use crate::quickjs::guard;

/// A path argument: text, or the bytes of a `Buffer` for names that are not UTF-8.
pub(super) struct Path(Vec<u8>);

impl<'js> FromJs<'js> for Path {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        if value.is_string() {
            return String::from_js(ctx, value).map(|text| Self(text.into_bytes()));
        }
        View::from_js(ctx, value).map(|bytes| Self(bytes.to_vec()))
    }
}

impl Path {
    /// The path for an operation that reads.
    pub(super) fn for_reading(&self, ctx: &Ctx<'_>) -> rustix::io::Result<&[u8]> {
        guard::admit(ctx, FileAccess::Read, &self.0)?;
        Ok(&self.0)
    }

    /// The path for a question whether something is there, and what. Packages ask it of every folder above them and expect
    /// to hear no, which is also what the kernel says: nothing outside the policy exists. It is reported all the same.
    pub(super) fn for_looking_up(&self, ctx: &Ctx<'_>) -> rustix::io::Result<&[u8]> {
        self.for_reading(ctx).map_err(|_| Errno::NOENT)
    }

    /// The path for an operation that changes something.
    pub(super) fn for_writing(&self, ctx: &Ctx<'_>) -> rustix::io::Result<&[u8]> {
        guard::admit(ctx, FileAccess::Write, &self.0)?;
        Ok(&self.0)
    }

    /// The text of a path that is stored, not followed: the target of a symbolic link.
    pub(super) fn as_text(&self) -> &[u8] {
        &self.0
    }
}
