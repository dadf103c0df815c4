//! What is known about files: their status, mode, owner and times.

use std::os::fd::AsFd;

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
use rustix::fs::StatFs;
use rustix::fs::Statx;
use rustix::fs::StatxFlags;
use rustix::fs::StatxTimestamp;
use rustix::fs::Timespec;
use rustix::fs::Timestamps;
use rustix::fs::Uid;

use super::descriptor::Table;
use super::path::Path;
use crate::quickjs::binding::outcome::Outcome;

/// A file's status: a `BigInt64Array` in the order of `internal/fs/stats`, which alone holds every value exactly.
struct Status([i64; 18]);

impl<'js> IntoJs<'js> for Status {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        Ok(TypedArray::new_copy(ctx.clone(), self.0)?.into_value())
    }
}

impl From<Statx> for Status {
    fn from(stat: Statx) -> Self {
        let time = |time: StatxTimestamp| [time.tv_sec, i64::from(time.tv_nsec)];
        let born = if stat.stx_mask & StatxFlags::BTIME.bits() == 0 {
            stat.stx_ctime
        } else {
            stat.stx_btime
        };
        let [accessed, modified, changed, born] =
            [stat.stx_atime, stat.stx_mtime, stat.stx_ctime, born].map(time);
        Self([
            rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor) as i64,
            i64::from(stat.stx_mode),
            i64::from(stat.stx_nlink),
            i64::from(stat.stx_uid),
            i64::from(stat.stx_gid),
            rustix::fs::makedev(stat.stx_rdev_major, stat.stx_rdev_minor) as i64,
            i64::from(stat.stx_blksize),
            stat.stx_ino as i64,
            stat.stx_size as i64,
            stat.stx_blocks as i64,
            accessed[0],
            accessed[1],
            modified[0],
            modified[1],
            changed[0],
            changed[1],
            born[0],
            born[1],
        ])
    }
}

fn status(directory: impl AsFd, path: &[u8], flags: AtFlags) -> rustix::io::Result<Status> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    rustix::fs::statx(directory, path, flags, wanted).map(Status::from)
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
    ctx: &Ctx<'_>,
    path: &Path,
    accessed: f64,
    modified: f64,
    flags: AtFlags,
) -> rustix::io::Result<()> {
    let path = path.for_writing(ctx)?;
    rustix::fs::utimensat(CWD, path, &timestamps(accessed, modified), flags)
}

fn set_owner(
    ctx: &Ctx<'_>,
    path: &Path,
    user: f64,
    group: f64,
    flags: AtFlags,
) -> rustix::io::Result<()> {
    let (user, group) = owner(user, group);
    rustix::fs::chownat(CWD, path.for_writing(ctx)?, user, group, flags)
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>, table: &Table) -> Result<()> {
    install_by_path(ctx, target)?;
    install_by_descriptor(ctx, target, table)
}

fn install_by_path<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set(
        "stat",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            let admitted = path.for_looking_up(&ctx);
            Outcome::from(admitted.and_then(|path| status(CWD, path, AtFlags::empty())))
        })?,
    )?;
    target.set(
        "lstat",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            let admitted = path.for_looking_up(&ctx);
            Outcome::from(admitted.and_then(|path| status(CWD, path, AtFlags::SYMLINK_NOFOLLOW)))
        })?,
    )?;
    target.set(
        "statfs",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path| {
            let stat = path.for_reading(&ctx).and_then(rustix::fs::statfs);
            Outcome::from(stat.map(FileSystem))
        })?,
    )?;
    target.set(
        "access",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path, mode: u32| {
            let access = rustix::fs::Access::from_bits_retain(mode);
            let admitted = if access.contains(rustix::fs::Access::WRITE_OK) {
                path.for_writing(&ctx)
            } else {
                path.for_looking_up(&ctx)
            };
            Outcome::from(admitted.and_then(|path| rustix::fs::access(path, access)))
        })?,
    )?;
    target.set(
        "chmod",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: Path, mode: u32| {
            let admitted = path.for_writing(&ctx);
            Outcome::from(
                admitted.and_then(|path| rustix::fs::chmod(path, Mode::from_raw_mode(mode))),
            )
        })?,
    )?;
    target.set(
        "chown",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, path: Path, user: f64, group: f64| {
                Outcome::from(set_owner(&ctx, &path, user, group, AtFlags::empty()))
            },
        )?,
    )?;
    target.set(
        "lchown",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, path: Path, user: f64, group: f64| {
                Outcome::from(set_owner(
                    &ctx,
                    &path,
                    user,
                    group,
                    AtFlags::SYMLINK_NOFOLLOW,
                ))
            },
        )?,
    )?;
    target.set(
        "utimes",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, path: Path, accessed: f64, modified: f64| {
                Outcome::from(set_times(&ctx, &path, accessed, modified, AtFlags::empty()))
            },
        )?,
    )?;
    target.set(
        "lutimes",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, path: Path, accessed: f64, modified: f64| {
                let flags = AtFlags::SYMLINK_NOFOLLOW;
                Outcome::from(set_times(&ctx, &path, accessed, modified, flags))
            },
        )?,
    )
}

fn install_by_descriptor<'js>(ctx: &Ctx<'js>, target: &Object<'js>, table: &Table) -> Result<()> {
    let files = table.clone();
    target.set(
        "fstat",
        Function::new(ctx.clone(), move |number: i32| {
            Outcome::from(files.with(number, |file| status(file, b"", AtFlags::EMPTY_PATH)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_microseconds() {
        let parts = |seconds| {
            let time = timestamp(seconds);
            (time.tv_sec, time.tv_nsec)
        };
        assert_eq!(parts(1.5), (1, 500_000_000));
        assert_eq!(parts(0.000_001_9), (0, 1_000));
        assert_eq!(parts(-0.25), (-1, 750_000_000));
        assert_eq!(parts(f64::NAN), (0, 0));
    }

    #[test]
    fn minus_one_leaves_an_owner_as_it_is() {
        assert_eq!(owner(-1.0, 5.0), (None, Some(Gid::from_raw(5))));
        assert_eq!(owner(0.0, 4_294_967_295.0), (Some(Uid::from_raw(0)), None));
    }
}
