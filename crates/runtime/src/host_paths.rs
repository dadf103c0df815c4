//! Paths of the host, as the permission decision looks at them.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::HostPaths;
use mycelium_policy::is_protected_name;
use mycelium_sandbox::Survey;

/// The file system this process sees, and what was looked through in it.
#[derive(Debug, Default)]
pub(crate) struct HostFiles {
    surveys: RefCell<Vec<Survey>>,
}

impl HostFiles {
    /// What was found below the folders that protected names were looked for in.
    pub(crate) fn into_surveys(self) -> Vec<Survey> {
        self.surveys.into_inner()
    }
}

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

    fn protected_below(&self, path: &Path) -> Option<Vec<PathBuf>> {
        let survey = Survey::new(path, is_protected_name).ok()?;
        let found = survey.sealable().to_vec();
        self.surveys.borrow_mut().push(survey);
        Some(found)
    }

    fn program(&self, name: &str) -> Option<Vec<PathBuf>> {
        mycelium_loader::find_program(name)
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
        let resolve = |path: &str| HostFiles::default().resolve(&root.join(path));
        assert_eq!(resolve("link/new/deep"), Some(root.join("real/new/deep")));
        assert_eq!(resolve("dangling"), None);
        assert_eq!(resolve("dangling/below"), None);
        assert_eq!(resolve("real"), Some(root.join("real")));
    }
}
