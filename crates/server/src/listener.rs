//! The control socket: one daemon a person, stale sockets taken over, strangers turned away.

use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use fs_err as fs;
use mycelium_runtime::Folders;
use tokio::net::UnixListener;

use crate::SocketAddress;

/// What came of the attempt to become the daemon.
pub(crate) enum Seized {
    /// This process is the daemon now.
    Listening(ControlSocket),
    /// Another process already is, and its socket is ready.
    Taken,
}

/// The bound socket. As long as the lock is held no other daemon starts.
pub(crate) struct ControlSocket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    _daemon_lock: File,
}

impl ControlSocket {
    /// Becomes the daemon, unless there is one.
    ///
    /// Two locks make racing starts safe: `starting.lock` is held while a socket is being bound, so
    /// whoever gets it next finds either a ready daemon or none; `daemon.lock` is held by the daemon
    /// for as long as it takes requests.
    pub(crate) fn seize(folders: &Folders) -> io::Result<Seized> {
        private_folder(&folders.state)?;
        private_folder(&folders.sockets)?;
        let starting = lock_file(&folders.sockets.join("starting.lock"))?;
        starting.lock()?;
        let daemon_lock = lock_file(&folders.sockets.join("daemon.lock"))?;
        match daemon_lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Seized::Taken),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let path = folders.socket();
        // Whoever bound it is gone, or it would hold the lock.
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(SocketAddress::of(&path)?.path())?;
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
        Ok(Seized::Listening(Self {
            listener,
            path,
            _daemon_lock: daemon_lock,
        }))
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // The lock is still held here, so the socket is still this daemon's.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    Ok(options.open(path)?.into_parts().0)
}

/// Makes the folder, for its owner only. A folder that others may write to is refused: they could
/// replace the socket.
fn private_folder(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, PermissionsExt::from_mode(0o700))?;
    }
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{} may be written to by others", path.display()),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_daemon_at_a_time_and_a_stale_socket_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        private_folder(&folders.sockets).unwrap();
        fs::write(folders.socket(), "left behind").unwrap();
        let Seized::Listening(first) = ControlSocket::seize(&folders).unwrap() else {
            panic!("nobody else is there");
        };
        assert!(matches!(
            ControlSocket::seize(&folders).unwrap(),
            Seized::Taken
        ));
        drop(first);
        assert!(!folders.socket().exists());
        assert!(matches!(
            ControlSocket::seize(&folders).unwrap(),
            Seized::Listening(_)
        ));
    }

    #[tokio::test]
    async fn a_path_longer_than_an_address_is_listened_on_and_reached() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(&folder.path().join("long".repeat(40)));
        let Seized::Listening(socket) = ControlSocket::seize(&folders).unwrap() else {
            panic!("nobody else is there");
        };
        let address = SocketAddress::of(&folders.socket()).unwrap();
        assert!(std::os::unix::net::UnixStream::connect(address.path()).is_ok());
        drop(socket);
        assert!(!folders.socket().exists());
    }

    #[test]
    fn a_folder_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let error = private_folder(folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
