//! Paths of the host, as the permission decision looks at them.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::HostPaths;

/// The file system this process sees.
pub(crate) struct HostFiles;

impl HostPaths for HostFiles {
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let mut missing = Vec::new();
        let mut existing = path;
        loop {
            match fs_err::canonicalize(existing) {
                Ok(mut real) => {
                    real.extend(missing.iter().rev());
                    return Some(real);
                }
                // A dangling link exists without leading anywhere: what it would become is unknown.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && existing.symlink_metadata().is_err() =>
                {
                    missing.push(existing.file_name()?);
                    existing = existing.parent()?;
                }
                Err(_) => return None,
            }
        }
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn follows_links_and_keeps_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(folder.path()).unwrap();
        fs_err::create_dir(root.join("real")).unwrap();
        symlink(root.join("real"), root.join("link")).unwrap();
        symlink(root.join("nowhere"), root.join("dangling")).unwrap();
        let resolve = |path: &str| HostFiles.resolve(&root.join(path));
        assert_eq!(resolve("link/new/deep"), Some(root.join("real/new/deep")));
        assert_eq!(resolve("dangling"), None);
        assert_eq!(resolve("dangling/below"), None);
        assert_eq!(resolve("real"), Some(root.join("real")));
    }
}
