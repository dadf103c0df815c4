//! The kernel's own files, in `/proc` and `/sys`: small texts, read and written in one go.

use std::path::Path;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::openat;
use rustix::io::Errno;

/// The most that is read of one file. The mount table of a machine with a thousand mounts is smaller.
const MAX_READ: usize = 1 << 20;

/// What the file says.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String, Errno> {
    let file = openat(
        CWD,
        path.as_ref(),
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while bytes.len() < MAX_READ {
        match rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut piece))? {
            0 => break,
            length => bytes.extend_from_slice(&piece[..length]),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says something to the kernel. Each write is one command, so it is never split.
pub(crate) fn write(path: impl AsRef<Path>, text: &str) -> Result<(), Errno> {
    let file = openat(
        CWD,
        path.as_ref(),
        OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    match rustix::io::retry_on_intr(|| rustix::io::write(&file, text.as_bytes()))? {
        length if length == text.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_a_size_are_read_whole_and_missing_ones_say_so() {
        assert!(read("/proc/self/status").unwrap().contains("Threads:"));
        assert_eq!(read("/proc/self/nothing").unwrap_err(), Errno::NOENT);
        assert_eq!(write("/proc/self/nothing", "1").unwrap_err(), Errno::NOENT);
    }
}
