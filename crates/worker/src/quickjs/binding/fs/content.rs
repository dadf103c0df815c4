//! What is in files: reading, writing and copying.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;

use rquickjs::ArrayBuffer;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use rustix::buffer::spare_capacity;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::descriptor::Table;
use super::path::Path;
use crate::quickjs::binding::bytes::View;
use crate::quickjs::binding::bytes::array_buffer;
use crate::quickjs::binding::outcome::Outcome;

/// The most that one call moves, so that a huge buffer does not need its size twice.
const CHUNK: usize = 1 << 20;
/// The largest file that is read whole: Node's own limit.
const MAX_WHOLE_FILE: u64 = (1 << 31) - 1;
/// `COPYFILE_EXCL`: the target must not exist.
const COPY_EXCLUSIVE: u32 = 1;
/// `COPYFILE_FICLONE_FORCE`: only a copy-on-write clone will do.
const COPY_CLONE_ONLY: u32 = 4;

/// A byte position; a negative number stands for the file's own.
#[derive(Clone, Copy)]
struct Position(Option<u64>);

impl From<f64> for Position {
    fn from(number: f64) -> Self {
        Self((number >= 0.0).then_some(number as u64))
    }
}

impl Position {
    /// The position `count` bytes further.
    fn after(self, count: usize) -> Self {
        Self(self.0.map(|position| position + count as u64))
    }
}

/// Fills the array from the file as one `read` would: until it is full, the file ends, or no more is there yet.
fn read_into(file: BorrowedFd<'_>, view: &View<'_>, at: Position) -> rustix::io::Result<usize> {
    let size = view.len();
    let mut chunk = vec![0; size.min(CHUNK)];
    let mut done = 0;
    while done < size {
        let wanted = chunk.len().min(size - done);
        let result = match at.after(done).0 {
            Some(position) => rustix::io::pread(file, &mut chunk[..wanted], position),
            None => rustix::io::read(file, &mut chunk[..wanted]),
        };
        match result {
            Ok(count) => {
                done += view.fill_at(done, &chunk[..count]);
                if count < wanted {
                    break;
                }
            }
            // What was read before the error is told first.
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Reads from the file's own position to its end.
fn read_to_end(file: BorrowedFd<'_>) -> rustix::io::Result<Vec<u8>> {
    let metadata = rustix::fs::fstat(file)?;
    let expected = u64::try_from(metadata.st_size).unwrap_or(0);
    if expected > MAX_WHOLE_FILE {
        return Err(Errno::FBIG);
    }
    let mut content = Vec::new();
    // One byte more than expected lets the last read see the end without growing the vector.
    let capacity = usize::try_from(expected).map_err(|_| Errno::FBIG)? + 1;
    content
        .try_reserve_exact(capacity)
        .map_err(|_| Errno::NOMEM)?;
    loop {
        if content.len() == content.capacity() {
            if content.len() as u64 > MAX_WHOLE_FILE {
                return Err(Errno::FBIG);
            }
            content.try_reserve(CHUNK).map_err(|_| Errno::NOMEM)?;
        }
        match rustix::io::read(file, spare_capacity(&mut content)) {
            Ok(0) => return Ok(content),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn write(file: BorrowedFd<'_>, bytes: &[u8], at: Position) -> rustix::io::Result<usize> {
    match at.0 {
        Some(position) => rustix::io::pwrite(file, bytes, position),
        None => rustix::io::write(file, bytes),
    }
}

fn write_from(file: BorrowedFd<'_>, view: &View<'_>, at: Position) -> rustix::io::Result<usize> {
    let mut done = 0;
    loop {
        let chunk = view.chunk(done);
        match write(file, &chunk, at.after(done)) {
            Ok(count) if count < chunk.len() => return Ok(done + count),
            Ok(count) => done += count,
            Err(_) if done > 0 => return Ok(done),
            Err(error) => return Err(error),
        }
        if done >= view.len() {
            return Ok(done);
        }
    }
}

fn write_all(file: BorrowedFd<'_>, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies a regular file with its mode, as libuv's `uv_fs_copyfile` does.
fn copy_file(
    ctx: &Ctx<'_>,
    source: &Path,
    destination: &Path,
    mode: u32,
) -> rustix::io::Result<()> {
    if mode & COPY_CLONE_ONLY != 0 {
        return Err(Errno::NOSYS);
    }
    let from = rustix::fs::open(
        source.for_reading(ctx)?,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let metadata = rustix::fs::fstat(&from)?;
    let permissions = Mode::from_raw_mode(metadata.st_mode);
    let mut flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
    if mode & COPY_EXCLUSIVE != 0 {
        flags |= OFlags::EXCL;
    }
    let to = rustix::fs::open(destination.for_writing(ctx)?, flags, permissions)?;
    let existing = rustix::fs::fstat(&to)?;
    if (existing.st_dev, existing.st_ino) == (metadata.st_dev, metadata.st_ino) {
        return Ok(());
    }
    if FileType::from_raw_mode(existing.st_mode) == FileType::RegularFile {
        rustix::fs::ftruncate(&to, 0)?;
        rustix::fs::fchmod(&to, permissions)?;
    }
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        chunk.clear();
        match rustix::io::read(&from, spare_capacity(&mut chunk)) {
            Ok(0) => return Ok(()),
            Ok(_) => write_all(to.as_fd(), &chunk)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>, table: &Table) -> Result<()> {
    let files = table.clone();
    target.set(
        "read",
        Function::new(
            ctx.clone(),
            move |number: i32, view: View<'js>, position: f64| {
                Outcome::from(files.with(number, |file| read_into(file, &view, position.into())))
            },
        )?,
    )?;
    let files = table.clone();
    target.set(
        "readToEnd",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, number: i32| -> Result<Outcome<ArrayBuffer<'js>>> {
                match files.with(number, read_to_end) {
                    Ok(content) => Ok(Ok(array_buffer(&ctx, &content)?).into()),
                    Err(error) => Ok(Err(error).into()),
                }
            },
        )?,
    )?;
    let files = table.clone();
    target.set(
        "write",
        Function::new(
            ctx.clone(),
            move |number: i32, view: View<'js>, position: f64| {
                Outcome::from(files.with(number, |file| write_from(file, &view, position.into())))
            },
        )?,
    )?;
    target.set(
        "copyFile",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, source: Path, destination: Path, mode: u32| {
                Outcome::from(copy_file(&ctx, &source, &destination, mode))
            },
        )?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_whose_size_is_not_told() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        rustix::io::write(&writer, &[7; 3000]).unwrap();
        drop(writer);
        assert_eq!(read_to_end(reader.as_fd()), Ok(vec![7; 3000]));
    }

    #[test]
    fn a_folder_is_not_read() {
        let folder = rustix::fs::open("/", OFlags::RDONLY, Mode::empty()).unwrap();
        assert_eq!(read_to_end(folder.as_fd()), Err(Errno::ISDIR));
    }

    #[test]
    fn a_negative_position_is_the_files_own() {
        assert_eq!(Position::from(-1.0).0, None);
        assert_eq!(Position::from(f64::NAN).0, None);
        assert_eq!(Position::from(7.0).0, Some(7));
    }
}
