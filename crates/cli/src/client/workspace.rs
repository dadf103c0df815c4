//! The project a command is about.

use std::path::Path;
use std::path::PathBuf;

/// The nearest folder from `directory` upwards that has `.claude` or `.git`, else `directory` itself.
///
/// The home folder does not count: its `.claude` holds the person's own files, not a project's.
pub(super) fn find(directory: &Path, home: &Path) -> PathBuf {
    directory
        .ancestors()
        .filter(|folder| *folder != home)
        .find(|folder| folder.join(".claude").is_dir() || folder.join(".git").exists())
        .unwrap_or(directory)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_marked_folder_but_not_the_home() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let project = home.join("project");
        let deep = project.join("a/b");
        let loose = home.join("loose/c");
        for folder in [&deep, &loose, &home.join(".claude")] {
            fs_err::create_dir_all(folder).unwrap();
        }
        fs_err::create_dir(project.join(".claude")).unwrap();
        assert_eq!(find(&deep, &home), project);
        assert_eq!(find(&project, &home), project);
        assert_eq!(find(&loose, &home), loose);
        // A worktree's `.git` is a file.
        fs_err::write(project.join("a/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(find(&deep, &home), project.join("a"));
    }
}
