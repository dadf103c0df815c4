//! Files that are either the old or the new content, never half of one.

use std::io;
use std::io::Write;
use std::path::Path;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;

/// Replaces the content of `path`, readable by its owner only. Missing folders above it are made.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = folder.join(name);
    let written = write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // Nothing depends on the leftover; the error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_or_leaves_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/file");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(replace(&path.join("below-a-file"), b"x").is_err());
    }
}
