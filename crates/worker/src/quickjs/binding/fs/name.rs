//! The names of files: links, moves, removal, and where a link leads.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Component;
use std::path::PathBuf;

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::IntoJs;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::Value;
use rustix::fs::FileType;
use rustix::io::Errno;

use super::path::Path;
use crate::quickjs::binding::bytes::array_buffer;
use crate::quickjs::binding::outcome::Outcome;
use crate::quickjs::binding::outcome::negative;

/// A path for JavaScript: text, or an `ArrayBuffer` when it is not UTF-8.
struct Name(Vec<u8>);

impl<'js> IntoJs<'js> for Name {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match String::from_utf8(self.0) {
            Ok(text) => text.into_js(ctx),
            Err(error) => array_buffer(ctx, error.as_bytes())?.into_js(ctx),
        }
    }
}

/// The step at which following a path failed: the error, the system call and its path.
struct Failure {
    error: Errno,
    call: &'static str,
    path: PathBuf,
}

impl<'js> IntoJs<'js> for Failure {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let array = Array::new(ctx.clone())?;
        array.set(0, negative(self.error))?;
        array.set(1, self.call)?;
        array.set(2, Name(self.path.into_os_string().into_encoded_bytes()))?;
        Ok(array.into_value())
    }
}

fn read_link(ctx: &Ctx<'_>, path: &Path) -> rustix::io::Result<Name> {
    let target = rustix::fs::readlink(path.for_reading(ctx)?, Vec::new())?;
    Ok(Name(target.into_bytes()))
}

/// The names in a path, the last one first.
fn parts(path: &std::path::Path) -> Vec<Vec<u8>> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.as_bytes().to_vec()),
            Component::ParentDir => Some(b"..".to_vec()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
        })
        .collect()
}

/// Follows every link in an absolute path. The steps are those of Node's `realpathSync`, which its errors tell.
fn follow(path: &[u8]) -> std::result::Result<PathBuf, Failure> {
    let mut real = PathBuf::from("/");
    let mut rest = parts(std::path::Path::new(OsStr::from_bytes(path)));
    while let Some(part) = rest.pop() {
        if part == b".." {
            real.pop();
            continue;
        }
        real.push(OsStr::from_bytes(&part));
        let failed = |call, path: &PathBuf| {
            let path = path.clone();
            move |error| Failure { error, call, path }
        };
        let status = rustix::fs::lstat(&real).map_err(failed("lstat", &real))?;
        if FileType::from_raw_mode(status.st_mode) != FileType::Symlink {
            continue;
        }
        // This finds loops and links that lead nowhere, so that the walk ends.
        rustix::fs::stat(&real).map_err(failed("stat", &real))?;
        let target = rustix::fs::readlink(&real, Vec::new()).map_err(failed("readlink", &real))?;
        let target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
        real.pop();
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        rest.extend(parts(&target));
    }
    Ok(real)
}

fn real_path<'js>(ctx: &Ctx<'js>, path: &Path) -> Result<Value<'js>> {
    let admitted = path.for_reading(ctx).map_err(|error| Failure {
        error,
        call: "lstat",
        path: PathBuf::from(OsStr::from_bytes(path.as_text())),
    });
    match admitted.and_then(follow) {
        Ok(real) => Name(real.into_os_string().into_encoded_bytes()).into_js(ctx),
        Err(failure) => failure.into_js(ctx),
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "readlink",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            Outcome::from(read_link(&ctx, &path))
        })?,
    )?;
    target.set(
        "realpath",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            real_path(&ctx, &path)
        })?,
    )?;
    target.set(
        "unlink",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            Outcome::from(path.for_writing(&ctx).and_then(rustix::fs::unlink))
        })?,
    )?;
    target.set(
        "rename",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, from: Path, to: Path| {
            let admitted = from.for_writing(&ctx);
            Outcome::from(admitted.and_then(|from| rustix::fs::rename(from, to.for_writing(&ctx)?)))
        })?,
    )?;
    target.set(
        "link",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, existing: Path, new: Path| {
            let admitted = existing.for_writing(&ctx);
            Outcome::from(
                admitted.and_then(|existing| rustix::fs::link(existing, new.for_writing(&ctx)?)),
            )
        })?,
    )?;
    target.set(
        "symlink",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, target: Path, new: Path| {
            let admitted = new.for_writing(&ctx);
            Outcome::from(admitted.and_then(|new| rustix::fs::symlink(target.as_text(), new)))
        })?,
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn followed(path: &std::path::Path) -> std::result::Result<PathBuf, (Errno, &'static str)> {
        follow(path.as_os_str().as_bytes()).map_err(|failure| (failure.error, failure.call))
    }

    #[test]
    fn follows_links_and_dots() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs_err::create_dir(root.join("real")).unwrap();
        symlink("real", root.join("relative")).unwrap();
        symlink(root.join("relative"), root.join("absolute")).unwrap();
        assert_eq!(followed(&root.join("absolute")), Ok(root.join("real")));
        assert_eq!(
            followed(&root.join("absolute/../relative/.")),
            Ok(root.join("real"))
        );
        assert_eq!(followed(std::path::Path::new("/")), Ok(PathBuf::from("/")));
    }

    #[test]
    fn tells_the_step_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        symlink("nothing", folder.path().join("broken")).unwrap();
        let failed = |name| followed(&folder.path().join(name));
        assert_eq!(failed("missing/file"), Err((Errno::NOENT, "lstat")));
        assert_eq!(failed("broken"), Err((Errno::NOENT, "stat")));
        assert_eq!(failed("loop"), Err((Errno::LOOP, "stat")));
    }
}
