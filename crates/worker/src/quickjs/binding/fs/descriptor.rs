//! Open files: the table of descriptors, and the operations that need nothing but a descriptor.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::path::Path;
use crate::quickjs::binding::outcome::Outcome;

/// The files that a program has opened, by the number it knows them by.
#[derive(Clone, Default)]
pub(super) struct Table(Rc<RefCell<HashMap<i32, OwnedFd>>>);

impl Table {
    fn insert(&self, file: OwnedFd) -> i32 {
        let number = file.as_raw_fd();
        self.0.borrow_mut().insert(number, file);
        number
    }

    /// Runs `operation` on the open file `number`; the three standard descriptors always count as open.
    pub(super) fn with<T>(
        &self,
        number: i32,
        operation: impl FnOnce(BorrowedFd<'_>) -> rustix::io::Result<T>,
    ) -> rustix::io::Result<T> {
        let files = self.0.borrow();
        match (files.get(&number), number) {
            (Some(file), _) => operation(file.as_fd()),
            (None, 0) => operation(rustix::stdio::stdin()),
            (None, 1) => operation(rustix::stdio::stdout()),
            (None, 2) => operation(rustix::stdio::stderr()),
            (None, _) => Err(Errno::BADF),
        }
    }

    fn close(&self, number: i32) -> rustix::io::Result<()> {
        match self.0.borrow_mut().remove(&number) {
            Some(_) => Ok(()),
            None => Err(Errno::BADF),
        }
    }
}

/// Opens a file, never a terminal as the controlling one and never for a child process.
fn open(ctx: &Ctx<'_>, path: &Path, flags: u32, mode: u32) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::from_bits_retain(flags) | OFlags::CLOEXEC | OFlags::NOCTTY;
    let changes = OFlags::WRONLY | OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::APPEND;
    let admitted = if flags.intersects(changes) {
        path.for_writing(ctx)?
    } else {
        path.for_reading(ctx)?
    };
    rustix::fs::open(admitted, flags, Mode::from_raw_mode(mode))
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>, table: &Table) -> Result<()> {
    let opened = table.clone();
    target.set(
        "open",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, path: Path, flags: u32, mode: u32| {
                Outcome::from(open(&ctx, &path, flags, mode).map(|file| opened.insert(file)))
            },
        )?,
    )?;
    let closed = table.clone();
    target.set(
        "close",
        Function::new(ctx.clone(), move |number: i32| {
            Outcome::from(closed.close(number))
        })?,
    )?;
    let synced = table.clone();
    target.set(
        "fsync",
        Function::new(ctx.clone(), move |number: i32| {
            Outcome::from(synced.with(number, |file| rustix::fs::fsync(file)))
        })?,
    )?;
    let data_synced = table.clone();
    target.set(
        "fdatasync",
        Function::new(ctx.clone(), move |number: i32| {
            Outcome::from(data_synced.with(number, |file| rustix::fs::fdatasync(file)))
        })?,
    )?;
    let truncated = table.clone();
    target.set(
        "ftruncate",
        Function::new(ctx.clone(), move |number: i32, length: f64| {
            Outcome::from(truncated.with(number, |file| rustix::fs::ftruncate(file, length as u64)))
        })?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_opened_is_there() {
        let table = Table::default();
        let stranger = rustix::fs::open("/dev/null", OFlags::RDONLY, Mode::empty()).unwrap();
        let number = stranger.as_raw_fd();
        let look = |number| table.with(number, |file| rustix::fs::fstat(file).map(|_| ()));
        assert_eq!(look(number), Err(Errno::BADF));
        assert_eq!(table.insert(stranger), number);
        assert_eq!(look(number), Ok(()));
        assert_eq!(table.close(number), Ok(()));
        assert_eq!(look(number), Err(Errno::BADF));
        assert_eq!(table.close(number), Err(Errno::BADF));
    }

    #[test]
    fn the_standard_descriptors_cannot_be_closed() {
        let table = Table::default();
        assert_eq!(table.with(1, |_| Ok(())), Ok(()));
        assert_eq!(table.close(1), Err(Errno::BADF));
    }
}
