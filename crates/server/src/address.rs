//! A socket's path may be longer than the kernel's address for it.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Mode;
use rustix::fs::OFlags;

/// The longest path that an address holds, its final zero included (`sun_path` in unix(7)).
const MAX_PATH: usize = 108;

/// A path that leads to a socket and fits into an address.
#[derive(Debug)]
pub struct SocketAddress {
    path: PathBuf,
    /// Keeps the path of a long one valid.
    _folder: Option<OwnedFd>,
}

impl SocketAddress {
    /// The address of a socket that is, or is to be, at `socket`: for a long path one through the
    /// descriptor of its folder.
    ///
    /// # Errors
    /// When the path is long and its folder cannot be opened.
    pub fn of(socket: &Path) -> io::Result<Self> {
        if let (Some(folder), Some(name)) = (socket.parent(), socket.file_name())
            && socket.as_os_str().len() >= MAX_PATH
        {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = rustix::fs::open(folder, flags, Mode::empty())?;
            let number = folder.as_raw_fd().to_string();
            return Ok(Self {
                path: Path::new("/proc/self/fd").join(number).join(name),
                _folder: Some(folder),
            });
        }
        Ok(Self {
            path: socket.to_owned(),
            _folder: None,
        })
    }

    /// The path to give to the kernel while this value lives.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
