//! What is known about files: their status, mode, owner and times.

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::IntoJs;
use rquickjs::Object;
use rquickjs::Result;
use rquickjs::TypedArray;
use rquickjs::Value;
use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::Gid;
use rustix::fs::Mode;
use rustix::fs::Stat;
use rustix::fs::StatFs;
use rustix::fs::Timespec;
use rustix::fs::Timestamps;
use rustix::fs::Uid;

use super::super::outcome::Outcome;
use super::descriptor::Table;
use super::path::Path;

/// A file's status: a `BigInt64Array` in the order of `internal/fs/stats`, which alone holds every value exactly.
struct Status(Stat);

impl<'js> IntoJs<'js> for Status {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let stat = &self.0;
        // The widths of these fields differ between architectures.
        #[allow(
            clippy::unnecessary_cast,
            reason = "the kernel's types differ between architectures"
        )]
        let fields = [
            stat.st_dev as i64,
            stat.st_mode as i64,
            stat.st_nlink as i64,
            stat.st_uid as i64,
            stat.st_gid as i64,
            stat.st_rdev as i64,
            stat.st_blksize as i64,
            stat.st_ino as i64,
            stat.st_size as i64,
            stat.st_blocks as i64,
            stat.st_atime as i64,
            stat.st_atime_nsec as i64,
            stat.st_mtime as i64,
            stat.st_mtime_nsec as i64,
            stat.st_ctime as i64,
            stat.st_ctime_nsec as i64,
        ];
        Ok(TypedArray::new_copy(ctx.clone(), fields)?.into_value())
    }
}

/// A file system's status: a `BigInt64Array` in the order of `StatFs`.
struct FileSystem(StatFs);

impl<'js> IntoJs<'js> for FileSystem {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let stat = &self.0;
        #[allow(
            clippy::unnecessary_cast,
            reason = "the kernel's types differ between architectures"
        )]
        let fields = [
            stat.f_type as i64,
            stat.f_bsize as i64,
            stat.f_blocks as i64,
            stat.f_bfree as i64,
            stat.f_bavail as i64,
            stat.f_files as i64,
            stat.f_ffree as i64,
        ];
        Ok(TypedArray::new_copy(ctx.clone(), fields)?.into_value())
    }
}

/// Seconds since the epoch as the kernel wants them, cut to microseconds as libuv cuts them.
fn timestamp(seconds: f64) -> Timespec {
    let microseconds = (seconds * 1e6) as i64;
    Timespec {
        tv_sec: microseconds.div_euclid(1_000_000),
        tv_nsec: (microseconds.rem_euclid(1_000_000) * 1000) as _,
    }
}

fn timestamps(accessed: f64, modified: f64) -> Timestamps {
    Timestamps {
        last_access: timestamp(accessed),
        last_modification: timestamp(modified),
    }
}

/// An owner as `chown` takes it: −1 leaves it as it is.
fn owner(user: f64, group: f64) -> (Option<Uid>, Option<Gid>) {
    let id = |number: f64| (number >= 0.0 && number < f64::from(u32::MAX)).then_some(number as u32);
    (id(user).map(Uid::from_raw), id(group).map(Gid::from_raw))
}

fn set_times(
    path: &Path,
    accessed: f64,
    modified: f64,
    flags: AtFlags,
) -> rustix::io::Result<()> {
    let path = path.for_writing()?;
    rustix::fs::utimensat(CWD, path, &timestamps(accessed, modified), flags)
}

fn set_owner(path: &Path, user: f64, group: f64, flags: AtFlags) -> rustix::io::Result<()> {
    let (user, group) = owner(user, group);
    rustix::fs::chownat(CWD, path.for_writing()?, user, group, flags)
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>, table: &Table) -> Result<()> {
    install_by_path(ctx, target)?;
    install_by_descriptor(ctx, target, table)
}

fn install_by_path<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "stat",
        Function::new(ctx.clone(), |path: Path| {
            let stat = path.for_reading().and_then(rustix::fs::stat);
            Outcome::from(stat.map(Status))
        })?,
    )?;
    target.set(
        "lstat",
        Function::new(ctx.clone(), |path: Path| {
            let stat = path.for_reading().and_then(rustix::fs::lstat);
            Outcome::from(stat.map(Status))
        })?,
    )?;
    target.set(
        "statfs",
        Function::new(ctx.clone(), |path: Path| {
            let stat = path.for_reading().and_then(rustix::fs::statfs);
            Outcome::from(stat.map(FileSystem))
        })?,
    )?;
    target.set(
        "access",
        Function::new(ctx.clone(), |path: Path, mode: u32| {
            let access = rustix::fs::Access::from_bits_retain(mode);
            let admitted = if access.contains(rustix::fs::Access::WRITE_OK) {
                path.for_writing()
            } else {
                path.for_reading()
            };
            Outcome::from(admitted.and_then(|path| rustix::fs::access(path, access)))
        })?,
    )?;
    target.set(
        "chmod",
        Function::new(ctx.clone(), |path: Path, mode: u32| {
            let admitted = path.for_writing();
            Outcome::from(
                admitted.and_then(|path| rustix::fs::chmod(path, Mode::from_raw_mode(mode))),
            )
        })?,
    )?;
    target.set(
        "chown",
        Function::new(ctx.clone(), |path: Path, user: f64, group: f64| {
            Outcome::from(set_owner(&path, user, group, AtFlags::empty()))
        })?,
    )?;
    target.set(
        "lchown",
        Function::new(ctx.clone(), |path: Path, user: f64, group: f64| {
            Outcome::from(set_owner(&path, user, group, AtFlags::SYMLINK_NOFOLLOW))
        })?,
    )?;
    target.set(
        "utimes",
        Function::new(ctx.clone(), |path: Path, accessed: f64, modified: f64| {
            Outcome::from(set_times(&path, accessed, modified, AtFlags::empty()))
        })?,
    )?;
    target.set(
        "lutimes",
        Function::new(ctx.clone(), |path: Path, accessed: f64, modified: f64| {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            Outcome::from(set_times(&path, accessed, modified, flags))
        })?,
    )
}

fn install_by_descriptor<'js>(
    ctx: &Ctx<'js>,
    target: &Object<'js>,
    table: &Table,
) -> Result<()> {
    let files = table.clone();
    target.set(
        "fstat",
        Function::new(ctx.clone(), move |number: i32| {
            Outcome::from(files.with(number, rustix::fs::fstat).map(Status))
        })?,
    )?;
    let files = table.clone();
    target.set(
        "fchmod",
        Function::new(ctx.clone(), move |number: i32, mode: u32| {
            let mode = Mode::from_raw_mode(mode);
            Outcome::from(files.with(number, |file| rustix::fs::fchmod(file, mode)))
        })?,
    )?;
    let files = table.clone();
    target.set(
        "fchown",
        Function::new(ctx.clone(), move |number: i32, user: f64, group: f64| {
            let (user, group) = owner(user, group);
            Outcome::from(files.with(number, |file| rustix::fs::fchown(file, user, group)))
        })?,
    )?;
    let files = table.clone();
    target.set(
        "futimes",
        Function::new(
            ctx.clone(),
            move |number: i32, accessed: f64, modified: f64| {
                let times = timestamps(accessed, modified);
                Outcome::from(files.with(number, |file| rustix::fs::futimens(file, &times)))
            },
        )?,
    )
}
