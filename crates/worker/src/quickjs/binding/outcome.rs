//! The convention by which a binding reports a failed system call.

use rquickjs::Ctx;
use rquickjs::IntoJs;
use rquickjs::Result;
use rquickjs::Value;
use rustix::io::Errno;

/// What a system call gave: its value, or for JavaScript the negative error number.
///
/// No call that uses this gives a negative number as its value. The caller in JavaScript knows the name of the call
/// and its paths and makes the error of them.
pub(super) struct Outcome<T>(rustix::io::Result<T>);

impl<T> From<rustix::io::Result<T>> for Outcome<T> {
    fn from(result: rustix::io::Result<T>) -> Self {
        Self(result)
    }
}

impl<'js, T: IntoJs<'js>> IntoJs<'js> for Outcome<T> {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self.0 {
            Ok(value) => value.into_js(ctx),
            Err(error) => negative(error).into_js(ctx),
        }
    }
}

/// The number by which libuv, and so Node, knows an error.
pub(super) fn negative(error: Errno) -> i32 {
    -error.raw_os_error()
}
