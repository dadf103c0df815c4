//! The path of an archive's entry, checked.

use super::ArchiveProblem;

/// A path inside a package: relative, with `/` between parts, none of which is `.` or `..`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EntryPath(String);

/// What file systems allow for one name.
const MAX_NAME_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 1_024;
const MAX_DEPTH: usize = 64;

impl EntryPath {
    /// Reads the path an archive gives, without its first part: the outermost folder, which every
    /// package's archive has and every packer names differently. `None` if nothing is left.
    pub(super) fn parse(raw: &[u8]) -> Result<Option<Self>, ArchiveProblem> {
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
        if parts.len() > MAX_DEPTH {
            return Err(ArchiveProblem::TooDeep);
        }
        let path = parts.get(1..).unwrap_or_default().join("/");
        Ok((!path.is_empty()).then_some(Self(path)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders the entry is in, outermost first.
    pub(super) fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The folders the entry is in, outermost first, and the entry.
    pub(super) fn ancestors_and_self(&self) -> impl Iterator<Item = &str> {
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

/// A path for a message: short, and without characters that fool terminals.
pub(super) fn excerpt(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw)
        .chars()
        .take(100)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(raw: &str) -> Result<Option<String>, ArchiveProblem> {
        EntryPath::parse(raw.as_bytes()).map(|path| path.map(|p| p.as_str().to_owned()))
    }

    #[test]
    fn the_outermost_folder_is_left_out() {
        for (raw, expected) in [
            ("package/index.js", Some("index.js")),
            ("./package//lib/./a.js", Some("lib/a.js")),
            ("lodash-4.17.21/lib/", Some("lib")),
            ("package/", None),
            ("README", None),
            ("", None),
        ] {
            assert_eq!(parsed(raw), Ok(expected.map(ToOwned::to_owned)), "{raw:?}");
        }
        let path = EntryPath::parse(b"package/a/b/c.js").unwrap().unwrap();
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.ancestors_and_self().last(), Some("a/b/c.js"));
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
        assert_eq!(EntryPath::parse(b"package/\xff"), Err(UnusableName));
        assert_eq!(excerpt(b"a\x1b\xff"), "a\\u{1b}\u{fffd}");
    }
}
