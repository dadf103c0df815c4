//! A disk that is small or cannot be written.

use std::path::Path;
use std::path::PathBuf;

use rustix::mount::MountFlags;
use rustix::mount::UnmountFlags;
use rustix::mount::mount;
use rustix::mount::unmount;

use super::missing;

/// A file system of its own at a folder, gone when dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts one of 256 KiB; nothing where that is not allowed, which is said.
    pub(crate) fn small(place: &Path) -> Option<Self> {
        Self::mount(place, MountFlags::empty())
    }

    /// Mounts one that nothing can be written to.
    pub(crate) fn read_only(place: &Path) -> Option<Self> {
        Self::mount(place, MountFlags::RDONLY)
    }

    fn mount(place: &Path, flags: MountFlags) -> Option<Self> {
        fs_err::create_dir_all(place).unwrap();
        match mount("tmpfs", place, "tmpfs", flags, c"size=256k,mode=700") {
            Ok(()) => Some(Self(place.to_owned())),
            Err(errno) => {
                missing(&format!("a disk cannot be mounted here: {errno}"));
                None
            }
        }
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) -> PathBuf {
        let filling = self.0.join("filling");
        let error = fs_err::write(&filling, vec![0; 1 << 20]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        filling
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.0, UnmountFlags::DETACH).unwrap();
    }
}
