//! What the files below a folder take, while somebody hostile may be changing them.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::CWD;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Stat;
use rustix::fs::openat;
use rustix::fs::statat;
use rustix::io::Errno;

/// What an entry takes at least: its place in a folder and what the file system keeps of it. This also
/// bounds how many entries are looked at.
const ENTRY: u64 = 4096;

/// The most folders inside one another. One is held open for each; what is deeper counts as too much.
const MAX_DEPTH: usize = 128;

/// What the files below some folders take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupied {
    /// Space, in bytes, as the file systems count it.
    pub bytes: u64,
    /// The largest file, in bytes.
    pub largest: u64,
    /// Whether there was more than is looked at.
    pub partial: bool,
}

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Space, in bytes; it stops once it has seen more.
    pub bytes: u64,
    /// Entries. A million take seconds.
    pub entries: u64,
}

impl Occupied {
    fn add(&mut self, status: &Stat) {
        let blocks = status.st_blocks.unsigned_abs().saturating_mul(512);
        self.bytes = self.bytes.saturating_add(blocks.max(ENTRY));
        if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile {
            self.largest = self.largest.max(status.st_size.unsigned_abs());
        }
    }
}

/// Measures what is below `folder`, or the file that it is; a missing one takes nothing.
///
/// Stops when it has seen more than `bounds`, so that nobody can keep it busy. Links are not followed, and the names in the path
/// itself must not be links either. Takes about 2 µs for each entry.
///
/// # Errors
/// When the folder cannot be looked at.
pub fn occupied(folder: &Path, bounds: Bounds) -> std::io::Result<Occupied> {
    let mut sum = Occupied::default();
    match walk(folder, bounds, &mut sum) {
        Ok(()) | Err(Errno::NOENT) => Ok(sum),
        Err(errno) => Err(errno.into()),
    }
}

fn walk(folder: &Path, bounds: Bounds, sum: &mut Occupied) -> Result<(), Errno> {
    let status = statat(CWD, folder, AtFlags::SYMLINK_NOFOLLOW)?;
    sum.add(&status);
    if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
        return Ok(());
    }
    let mut open = vec![open_folder(CWD, folder)?];
    for _ in 0..bounds.entries {
        let depth = open.len();
        let Some(current) = open.last_mut() else {
            return Ok(());
        };
        if sum.bytes > bounds.bytes {
            sum.partial = true;
            return Ok(());
        }
        // A folder that was removed meanwhile has no more entries.
        let Some(Ok(entry)) = current.read() else {
            open.pop();
            continue;
        };
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let place = current.fd()?;
        let Ok(status) = statat(place, name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        sum.add(&status);
        if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
            continue;
        }
        if depth == MAX_DEPTH {
            sum.bytes = bounds.bytes.saturating_add(1).max(sum.bytes);
            sum.partial = true;
            return Ok(());
        }
        // Gone, or something else by now, or not to be read: then its content is not known.
        if let Ok(below) = open_folder(place, name) {
            open.push(below);
        }
    }
    sum.partial = true;
    Ok(())
}

fn open_folder(place: impl AsFd, name: impl rustix::path::Arg) -> Result<Dir, Errno> {
    Dir::new(openat(
        place,
        name,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(bytes: u64) -> Bounds {
        Bounds {
            bytes,
            entries: 1000,
        }
    }

    #[test]
    fn files_are_summed_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("data");
        assert_eq!(
            occupied(&place, up_to(1 << 30)).unwrap(),
            Occupied::default()
        );
        fs_err::create_dir_all(place.join("a/b")).unwrap();
        fs_err::write(place.join("a/b/large"), vec![1; 300_000]).unwrap();
        fs_err::write(place.join("small"), "x").unwrap();
        fs_err::write(folder.path().join("other"), vec![1; 1 << 20]).unwrap();
        fs_err::os::unix::fs::symlink("../other", place.join("link")).unwrap();
        fs_err::os::unix::fs::symlink("..", place.join("up")).unwrap();
        let sum = occupied(&place, up_to(1 << 30)).unwrap();
        assert_eq!(sum.largest, 300_000);
        assert!((300_000..500_000).contains(&sum.bytes), "{sum:?}");
    }

    #[test]
    fn it_stops_once_it_has_seen_too_much() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..100 {
            fs_err::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let sum = occupied(folder.path(), up_to(10 * ENTRY)).unwrap();
        assert!((10 * ENTRY + 1..13 * ENTRY).contains(&sum.bytes), "{sum:?}");
    }

    #[test]
    fn what_is_nested_too_deeply_counts_as_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let mut deep = folder.path().to_owned();
        for _ in 0..=MAX_DEPTH {
            deep.push("d");
        }
        fs_err::create_dir_all(deep).unwrap();
        assert!(occupied(folder.path(), up_to(1 << 30)).unwrap().bytes > 1 << 30);
    }
}
