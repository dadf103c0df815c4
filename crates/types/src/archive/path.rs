//! The path of an archive's entry, checked.

use super::ArchiveProblem;

/// A path inside an archive: relative, with `/` between parts, none of which is `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchivePath(String);

/// What file systems allow for one name.
const MAX_NAME_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 1_024;

impl ArchivePath {
    /// How many folders deep an entry may be.
    pub const MAX_DEPTH: usize = 64;

    /// Reads the path an archive gives; `None` if it names the archive's own folder.
    ///
    /// # Errors
    ///
    /// A path that leaves the folder, fools people, or is not one that every file system can have.
    pub fn parse(raw: &[u8]) -> Result<Option<Self>, ArchiveProblem> {
        let text = str::from_utf8(raw).map_err(|_| ArchiveProblem::UnusableName)?;
        if text.starts_with('/') {
            return Err(ArchiveProblem::AbsolutePath);
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(ArchiveProblem::UnusableName);
        }
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
            check(part)?;
            parts.push(part);
        }
        if parts.len() > Self::MAX_DEPTH {
            return Err(ArchiveProblem::TooDeep);
        }
        let path = parts.join("/");
        Ok((!path.is_empty()).then_some(Self(path)))
    }

    /// A path for a message: short, and without characters that fool terminals.
    #[must_use]
    pub fn excerpt(raw: &[u8]) -> String {
        String::from_utf8_lossy(raw)
            .chars()
            .take(100)
            .flat_map(char::escape_debug)
            .collect()
    }

    /// The same path without its first part; `None` if nothing is left.
    #[must_use]
    pub fn without_first(&self) -> Option<Self> {
        let (_, rest) = self.0.split_once('/')?;
        Some(Self(rest.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders the entry is in, outermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The folders the entry is in, outermost first, and the entry.
    pub fn ancestors_and_self(&self) -> impl Iterator<Item = &str> {
        self.ancestors().chain([self.as_str()])
    }
}

fn check(part: &str) -> Result<(), ArchiveProblem> {
    if part == ".." {
        return Err(ArchiveProblem::ParentFolder);
    }
    // A backslash separates folders elsewhere, and a control character fools terminals.
    let unusable = |c: char| c.is_control() || c == '\\';
    if part.len() > MAX_NAME_BYTES || part.contains(unusable) {
        return Err(ArchiveProblem::UnusableName);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(raw: &str) -> Result<Option<String>, ArchiveProblem> {
        ArchivePath::parse(raw.as_bytes()).map(|path| path.map(|p| p.as_str().to_owned()))
    }

    #[test]
    fn paths_are_told_in_one_way() {
        for (raw, expected) in [
            ("package/index.js", Some("package/index.js")),
            ("./package//lib/./a.js", Some("package/lib/a.js")),
            ("lodash-4.17.21/lib/", Some("lodash-4.17.21/lib")),
            ("./", None),
            ("", None),
        ] {
            assert_eq!(parsed(raw), Ok(expected.map(ToOwned::to_owned)), "{raw:?}");
        }
        let path = ArchivePath::parse(b"package/a/b/c.js").unwrap().unwrap();
        let inner = path.without_first().unwrap();
        assert_eq!(inner.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(inner.ancestors_and_self().last(), Some("a/b/c.js"));
        let file = ArchivePath::parse(b"README").unwrap().unwrap();
        assert_eq!(file.without_first(), None);
    }

    #[test]
    fn what_leaves_the_folder_or_fools_people_is_refused() {
        use ArchiveProblem::*;
        for (raw, problem) in [
            ("/etc/passwd", AbsolutePath),
            ("//etc/passwd", AbsolutePath),
            ("../x", ParentFolder),
            ("package/../../x", ParentFolder),
            ("package/a/..", ParentFolder),
            ("package/a\\..\\b", UnusableName),
            ("package/a\u{1b}[31m", UnusableName),
            ("package/a\0b", UnusableName),
            (&format!("package/{}", "a".repeat(256)), UnusableName),
            (&format!("package/{}", "abc/".repeat(300)), UnusableName),
            (&format!("package/{}", "a/".repeat(70)), TooDeep),
        ] {
            assert_eq!(parsed(raw), Err(problem), "{raw:?}");
        }
        assert_eq!(ArchivePath::parse(b"package/\xff"), Err(UnusableName));
        assert_eq!(ArchivePath::excerpt(b"a\x1b\xff"), "a\\u{1b}\u{fffd}");
    }
}
