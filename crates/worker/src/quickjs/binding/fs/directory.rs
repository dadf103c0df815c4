//! Directories: making, listing and removing them.

use rquickjs::Array;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::IntoJs;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::Value;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::rand::GetRandomFlags;

use super::path::Path;
use crate::quickjs::binding::bytes::array_buffer;
use crate::quickjs::binding::outcome::Outcome;

/// How often a new name is tried for a temporary directory.
const TEMPORARY_ATTEMPTS: usize = 100;
const TEMPORARY_LETTERS: &[u8; 64] =
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ab";
/// How many random letters end a temporary directory's name.
const TEMPORARY_LENGTH: usize = 6;

/// The entries of a directory without `.` and `..`, sorted by their bytes as libuv sorts them.
struct Listing(Vec<(Vec<u8>, FileType)>);

impl<'js> IntoJs<'js> for Listing {
    /// An array of names and kinds in turn. A name that is not UTF-8 comes as an `ArrayBuffer`.
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let array = Array::new(ctx.clone())?;
        for (index, (name, kind)) in self.0.into_iter().enumerate() {
            match std::str::from_utf8(&name) {
                Ok(text) => array.set(index * 2, text)?,
                Err(_) => array.set(index * 2, array_buffer(ctx, &name)?)?,
            }
            array.set(index * 2 + 1, kind_number(kind))?;
        }
        Ok(array.into_value())
    }
}

/// The number libuv gives a kind of directory entry (`UV_DIRENT_*`).
fn kind_number(kind: FileType) -> i32 {
    match kind {
        FileType::RegularFile => 1,
        FileType::Directory => 2,
        FileType::Symlink => 3,
        FileType::Fifo => 4,
        FileType::Socket => 5,
        FileType::CharacterDevice => 6,
        FileType::BlockDevice => 7,
        FileType::Unknown => 0,
    }
}

fn list(ctx: &Ctx<'_>, path: &Path) -> rustix::io::Result<Listing> {
    let path = path.for_reading(ctx)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = Dir::new(rustix::fs::open(path, flags, Mode::empty())?)?;
    let mut entries = Vec::new();
    for entry in directory {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            entries.push((name.to_vec(), entry.file_type()));
        }
    }
    entries.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    Ok(Listing(entries))
}

/// Makes a directory that only the owner may enter, at `prefix` with six random letters added.
fn make_temporary(ctx: &Ctx<'_>, prefix: &Path) -> rustix::io::Result<Vec<u8>> {
    let prefix = prefix.for_writing(ctx)?;
    for _ in 0..TEMPORARY_ATTEMPTS {
        let mut random = [0_u8; TEMPORARY_LENGTH];
        rustix::rand::getrandom(&mut random, GetRandomFlags::empty())?;
        let mut name = prefix.to_vec();
        name.extend(random.map(|byte| TEMPORARY_LETTERS[usize::from(byte % 64)]));
        match rustix::fs::mkdir(name.as_slice(), Mode::RWXU) {
            Ok(()) => return Ok(name),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EXIST)
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "readdir",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            Outcome::from(list(&ctx, &path))
        })?,
    )?;
    target.set(
        "mkdir",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path, mode: u32| {
            let mode = Mode::from_raw_mode(mode);
            let admitted = path.for_writing(&ctx);
            Outcome::from(admitted.and_then(|path| rustix::fs::mkdir(path, mode)))
        })?,
    )?;
    target.set(
        "mkdtemp",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, prefix: Path| {
            let made = make_temporary(&ctx, &prefix);
            Outcome::from(made.map(|path| String::from_utf8_lossy(&path).into_owned()))
        })?,
    )?;
    target.set(
        "rmdir",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            Outcome::from(path.for_writing(&ctx).and_then(rustix::fs::rmdir))
        })?,
    )
}
