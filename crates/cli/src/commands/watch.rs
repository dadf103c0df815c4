//! Waiting for a file to change, without looking again and again.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify;

/// Tells when something in a folder changes: a file, or another in its place.
pub(super) struct Watch {
    inotify: OwnedFd,
}

impl Watch {
    pub(super) fn of_file(file: &Path) -> io::Result<Self> {
        Self::of_folder(file.parent().unwrap_or(Path::new("/")))
    }

    pub(super) fn of_folder(folder: &Path) -> io::Result<Self> {
        let inotify =
            inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let flags = inotify::WatchFlags::MODIFY
            | inotify::WatchFlags::CREATE
            | inotify::WatchFlags::MOVED_TO;
        inotify::add_watch(&inotify, folder, flags)
            .map_err(|errno| io::Error::other(format!("{}: {errno}", folder.display())))?;
        Ok(Self { inotify })
    }

    /// What becomes readable with a change.
    pub(super) fn descriptor(&self) -> &OwnedFd {
        &self.inotify
    }

    /// Forgets the changes there were: what became of the file is read from the file.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        loop {
            match events.next() {
                Ok(_) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_sees_a_file_appear() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("daemon.log");
        let mut watch = Watch::of_file(&path).unwrap();
        watch.forget().unwrap();
        fs_err::write(&path, "x").unwrap();
        let mut fds = [rustix::event::PollFd::new(
            &watch.inotify,
            rustix::event::PollFlags::IN,
        )];
        assert_eq!(rustix::event::poll(&mut fds, None).unwrap(), 1);
        watch.forget().unwrap();
    }
}
