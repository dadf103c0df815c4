//! Creating a granted folder that does not exist yet, without following links.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::mkdirat;
use rustix::fs::openat2;
use rustix::io::Errno;

use crate::Refusal;
use crate::SandboxError;

/// Makes sure that something is at `path`, which is absolute: a folder if nothing is.
pub(super) fn ensure(path: &Path) -> Result<(), SandboxError> {
    match open(CWD, path) {
        Ok(_) => Ok(()),
        Err(Errno::NOENT) => create(path),
        Err(errno) => Err(errno),
    }
    .map_err(|errno| match errno {
        Errno::LOOP => SandboxError::Refused {
            path: path.to_owned(),
            reason: Refusal::Link,
        },
        other => SandboxError::CreateFolder {
            path: path.to_owned(),
            source: other.into(),
        },
    })
}

fn create(path: &Path) -> Result<(), Errno> {
    let mut folder = open(CWD, Path::new("/"))?;
    for name in path.iter().skip(1) {
        let name = Path::new(name);
        folder = match open(&folder, name) {
            Err(Errno::NOENT) => {
                match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                    // Somebody else was faster, as happens when one skill starts twice.
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno),
                }
                open(&folder, name)?
            }
            other => other?,
        };
    }
    Ok(())
}

fn open(folder: impl std::os::fd::AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    openat2(
        folder,
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folders_are_made_and_what_exists_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        ensure(&base.join("a/b/c")).unwrap();
        assert!(base.join("a/b/c").is_dir());
        fs_err::write(base.join("a/file"), "x").unwrap();
        ensure(&base.join("a/file")).unwrap();
        assert_eq!(fs_err::read_to_string(base.join("a/file")).unwrap(), "x");
    }

    #[test]
    fn nothing_is_made_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        fs_err::create_dir(base.join("real")).unwrap();
        fs_err::os::unix::fs::symlink(base.join("real"), base.join("link")).unwrap();
        let path = base.join("link/new");
        assert_eq!(
            ensure(&path).unwrap_err(),
            SandboxError::Refused {
                path,
                reason: Refusal::Link
            }
        );
        assert!(!base.join("real/new").exists());
    }
}
