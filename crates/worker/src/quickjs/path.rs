//! Paths without links, as far as they can be seen.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use rustix::io::Errno;

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// The path that `path` means from `base`: absolute, without `.` and `..`, and without links as far as they can be
/// seen. What cannot be looked at stays as it is written.
pub(super) fn resolve(base: &Path, path: &Path) -> PathBuf {
    let mut resolved = PathBuf::from("/");
    let mut rest: Vec<Vec<u8>> = parts(&base.join(path));
    let mut links = 0;
    let mut visible = true;
    while let Some(part) = rest.pop() {
        if part == b".." {
            resolved.pop();
            visible = true;
            continue;
        }
        resolved.push(OsStr::from_bytes(&part));
        if !visible {
            continue;
        }
        match rustix::fs::readlink(&resolved, Vec::new()) {
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                resolved.pop();
                let target = Path::new(OsStr::from_bytes(target.as_bytes())).to_owned();
                if target.is_absolute() {
                    resolved = PathBuf::from("/");
                }
                rest.extend(parts(&target));
            }
            // No link, or one too many: the kernel will refuse that one.
            Ok(_) | Err(Errno::INVAL) => {}
            // Nothing there, or nothing that may be looked at: so is everything below it.
            Err(_) => visible = false,
        }
    }
    resolved
}

/// The names in a path, the last one first, with `..` but without `.`.
fn parts(path: &Path) -> Vec<Vec<u8>> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.as_bytes().to_vec()),
            Component::ParentDir => Some(b"..".to_vec()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_links_and_keeps_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(folder.path()).unwrap();
        fs_err::create_dir(root.join("real")).unwrap();
        fs_err::os::unix::fs::symlink("real", root.join("link")).unwrap();
        fs_err::os::unix::fs::symlink("/nowhere/at/all", root.join("out")).unwrap();
        fs_err::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        let cases = [
            ("link/file", root.join("real/file")),
            ("./link/../missing/../x", root.join("x")),
            ("out/x", PathBuf::from("/nowhere/at/all/x")),
            ("missing/../link/y", root.join("real/y")),
            ("../../../../../../../../../../etc", PathBuf::from("/etc")),
            ("loop/x", root.join("loop/x")),
        ];
        for (path, expected) in cases {
            assert_eq!(resolve(&root, Path::new(path)), expected, "{path}");
        }
    }
}
