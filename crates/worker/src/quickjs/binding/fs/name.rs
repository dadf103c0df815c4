//! The names of files: links, moves, removal, and where a link leads.

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::IntoJs;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::Value;
use rustix::io::Errno;
use rustix::path::Arg;

use super::super::bytes::array_buffer;
use super::super::outcome::Outcome;
use super::path::Path;

/// The target of a link: text, or an `ArrayBuffer` when it is not UTF-8.
struct Target(Vec<u8>);

impl<'js> IntoJs<'js> for Target {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match String::from_utf8(self.0) {
            Ok(text) => text.into_js(ctx),
            Err(error) => array_buffer(ctx, error.as_bytes())?.into_js(ctx),
        }
    }
}

fn read_link(path: &Path) -> rustix::io::Result<Target> {
    let target = rustix::fs::readlink(path.for_reading()?, Vec::new())?;
    Ok(Target(target.into_bytes()))
}

/// The path without symbolic links, `.` and `..`.
fn real_path(path: &Path) -> rustix::io::Result<Target> {
    let path = path.for_reading()?;
    let text = path.as_cow_c_str()?;
    let name = std::ffi::OsStr::new(std::str::from_utf8(text.to_bytes()).map_err(|_| Errno::ILSEQ)?);
    match std::fs::canonicalize(name) {
        Ok(real) => Ok(Target(real.into_os_string().into_encoded_bytes())),
        Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "readlink",
        Function::new(ctx.clone(), |path: Path| Outcome::from(read_link(&path)))?,
    )?;
    target.set(
        "realpath",
        Function::new(ctx.clone(), |path: Path| Outcome::from(real_path(&path)))?,
    )?;
    target.set(
        "unlink",
        Function::new(ctx.clone(), |path: Path| {
            Outcome::from(path.for_writing().and_then(rustix::fs::unlink))
        })?,
    )?;
    target.set(
        "rename",
        Function::new(ctx.clone(), |from: Path, to: Path| {
            Outcome::from(
                from.for_writing()
                    .and_then(|from| rustix::fs::rename(from, to.for_writing()?)),
            )
        })?,
    )?;
    target.set(
        "link",
        Function::new(ctx.clone(), |existing: Path, new: Path| {
            Outcome::from(
                existing
                    .for_writing()
                    .and_then(|existing| rustix::fs::link(existing, new.for_writing()?)),
            )
        })?,
    )?;
    target.set(
        "symlink",
        Function::new(ctx.clone(), |target: Path, new: Path| {
            Outcome::from(
                new.for_writing()
                    .and_then(|new| rustix::fs::symlink(target.as_text(), new)),
            )
        })?,
    )
}
