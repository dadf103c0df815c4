//! Reading files that somebody else wrote.

use std::io;
use std::io::Read;
use std::path::Path;

/// The content of a regular file of at most `most` bytes.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    // Opening a pipe or device can block by itself.
    if !fs_err::metadata(path)?.is_file() {
        return Err(io::Error::other(format!(
            "{} is not a file",
            path.display()
        )));
    }
    let mut content = Vec::new();
    fs_err::File::open(path)?
        .take(most as u64 + 1)
        .read_to_end(&mut content)?;
    if content.len() > most {
        return Err(io::Error::other(format!(
            "{} has more than {most} bytes",
            path.display()
        )));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_too_large_or_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs_err::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        assert!(read(&path, 3).is_err());
        assert!(read(folder.path(), 3).is_err());
    }
}
